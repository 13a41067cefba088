// Charts, drawn by Chart.js.  Each has its numbers below it, for whoever cannot see it.
const configurations = new Map();  // of each canvas, asked anew at each drawing: colours change
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(canvas) {
  const drawn = Chart.getChart(canvas);
  if (drawn) drawn.destroy();
  Object.assign(Chart.defaults, { animation: false, color: colour("--soft"), borderColor: colour("--line"), locale: "en",
    maintainAspectRatio: false, devicePixelRatio: Math.max(2, devicePixelRatio) });
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  new Chart(canvas, configurations.get(canvas)());
}
const canvases = (within) => [...within.querySelectorAll("canvas")];
// A canvas in a closed section has no size, so it is drawn when that opens.
const drawOpened = (section) => canvases(section).filter((canvas) => !Chart.getChart(canvas)).forEach(draw);
const drawAgain = () => canvases(document).filter((canvas) => Chart.getChart(canvas)).forEach(draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAgain);
// Paper is light, and the page's colours are still the screen's when this is called.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  document.querySelectorAll("details.case").forEach((section) => { section.open = true; });
  canvases(document).forEach(draw);
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  drawAgain();
});

function chart(title, { height, summary, configuration, numbers }) {
  const canvas = element("canvas", { role: "img", "aria-label": `${title}: ${summary}` });
  configurations.set(canvas, configuration);
  return element("div", {}, element("h3", {}, title), element("div", { class: "chart", style: `height:${height}px` }, canvas),
    element("details", { class: "numbers" }, element("summary", {}, "numbers"), numbers));
}

function curve(title, values, show) {
  const known = values.map(numeric), finite = known.filter((x) => x !== null && Number.isFinite(x));
  if (!finite.length) return null;
  // Room above the largest stands for infinity.
  const low = Math.min(...finite), high = Math.max(...finite), span = high - low || Math.abs(high) || 1;
  const unbounded = known.includes(Infinity), top = high + (unbounded ? 0.35 : 0.08) * span;
  const configuration = () => ({
    type: "line",
    data: { labels: known.map((_, frame) => frame), datasets: [{ data: known.map((x) => (x === Infinity ? top : x)),
      borderColor: colour("--bar-1"), backgroundColor: colour("--bar-1"), borderWidth: 2, pointRadius: known.length > 120 ? 0 : 3 }] },
    options: {
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: {
        title: ([point]) => `frame ${point.dataIndex}`, label: (point) => show(known[point.dataIndex]) } } },
      scales: { x: { title: { display: true, text: "frame" }, ticks: { maxRotation: 0 }, grid: { display: false } },
        y: { min: low - 0.08 * span, max: top, afterBuildTicks: (axis) => {
          const ticks = axis.ticks.filter((tick) => tick.value >= axis.min && tick.value <= high + 0.08 * span);
          axis.ticks = unbounded ? ticks.concat({ value: top }) : ticks;
        }, ticks: { includeBounds: false, maxTicksLimit: 6, callback: (value) => (unbounded && value === top ? "inf" : show(value)) } } },
    },
  });
  return chart(title, { height: 170, configuration,
    summary: `from ${show(low)} to ${show(unbounded ? Infinity : high)} over ${known.length} frames`,
    numbers: table([{ title: "frame" }, { title: "value", number: true }], known.map((x, frame) => [String(frame), show(x)]), title) });
}

// `steps`: the predictions of a locked run, each with the relative distances of baseline and case.
function distances(steps) {
  if (!steps.length) return null;
  const title = "Distance from float32, step by step (relative RMS)", show = (x) => x.toExponential(1);
  const line = (label, values, number) => ({ label, data: values, borderColor: colour(`--bar-${number}`), backgroundColor: colour(`--bar-${number}`),
    borderWidth: 2, pointRadius: steps.length > 120 ? 0 : 3 });
  const of = (key) => steps.map((step) => step[key]), last = steps[steps.length - 1];
  const configuration = () => ({
    type: "line",
    data: { labels: of("step"), datasets: [line("baseline", of("baseline"), 1), line("case", of("candidate"), 2)] },
    options: {
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { align: "start", labels: { boxWidth: 11, boxHeight: 11 } }, tooltip: { displayColors: false, callbacks: {
        title: ([point]) => `step ${point.label}`, label: (point) => `${point.dataset.label}: ${show(point.raw)}` } } },
      scales: { x: { title: { display: true, text: "step" }, ticks: { maxRotation: 0 }, grid: { display: false } },
        y: { beginAtZero: true, ticks: { maxTicksLimit: 6, callback: show } } },
    },
  });
  return chart(title, { height: 190, configuration, summary: `at the last step baseline ${show(last.baseline)}, case ${show(last.candidate)}`,
    numbers: table([{ title: "step" }, { title: "baseline", number: true }, { title: "case", number: true }],
      steps.map((step) => [String(step.step), show(step.baseline), show(step.candidate)]), title) });
}

const perRank = (ranks) => 58 + 34 * ranks;  // pixels of a chart with a bar a rank
function horizontalBars(labels, datasets, xTitle, tooltip) {
  return {
    type: "bar",
    data: { labels, datasets: datasets.map((dataset) => ({ grouped: false, ...dataset })) },
    options: {
      indexAxis: "y",
      plugins: { legend: { align: "start", labels: { boxWidth: 11, boxHeight: 11 } },
        tooltip: { displayColors: false, callbacks: { title: ([point]) => point.label, label: tooltip } } },
      scales: { x: { beginAtZero: true, title: { display: true, text: xTitle } }, y: { grid: { display: false } } },
    },
  };
}

function stageColour(stage) {
  const number = data.stage_colours[stage];
  return colour(number ? `--bar-${number}` : "--skipped");
}

// `ranks`: a list a rank of [stage, index, start, seconds].
function waterfall(ranks) {
  const events = ranks.flat();
  if (!events.length) return null;
  const title = "Stages of the last repetition, rank by rank";
  const origin = Math.min(...events.map((e) => e[2])), labels = ranks.map((_, rank) => `rank ${rank}`);
  const stages = [...new Set(events.map((e) => e[0]))];
  const datasets = () => stages.map((stage) => ({ label: stage, backgroundColor: stageColour(stage),
    borderColor: colour("--card"), borderWidth: { right: 1 }, borderSkipped: false,
    data: ranks.flatMap((list, rank) => list.filter((e) => e[0] === stage).map(([, index, start, lasted]) =>
      ({ y: labels[rank], x: [start - origin, start - origin + lasted], name: index < 0 ? stage : `${stage} ${index}` }))) }));
  const total = (list, stage) => list.filter((e) => e[0] === stage).reduce((sum, e) => sum + e[3], 0);
  const end = (list) => Math.max(0, ...list.map((e) => e[2] + e[3] - origin));
  return chart(title, { height: perRank(ranks.length) + 24,
    configuration: () => horizontalBars(labels, datasets(), "seconds since the first stage began",
      ({ raw }) => `${raw.name}: ${seconds(raw.x[1] - raw.x[0])}, from ${seconds(raw.x[0])}`),
    summary: ranks.map((list, rank) => `${labels[rank]} ends after ${seconds(end(list))}`).join(", "),
    numbers: table([{ title: "seconds" }].concat(stages.concat("end").map((name) => ({ title: name, number: true }))),
      ranks.map((list, rank) => [labels[rank], ...stages.map((stage) => significant(total(list, stage))), significant(end(list))]), title) });
}

function memory(ranks) {
  const title = "Peak memory, rank by rank", of = (key) => ranks.map((rank) => numeric(rank[key]));
  const resident = of("peak_resident_bytes"), tensors = of("peak_tensor_bytes");
  const largest = Math.max(0, ...resident, ...tensors);
  if (!largest) return null;
  const [unit, name] = largest >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"], labels = ranks.map((rank) => `rank ${rank.rank}`);
  const bars = (label, values, number, barPercentage, order) => ({ label, barPercentage, order,
    backgroundColor: colour(`--bar-${number}`), data: values.map((value) => value === null ? null : value / unit) });
  return chart(title, { height: perRank(ranks.length) + 24,
    // Tensors lie inside the resident size, so are their bars.
    configuration: () => horizontalBars(labels, [bars("resident", resident, 1, 0.9, 1), bars("tensors", tensors, 2, 0.5, 0)], name,
      (point) => `${point.dataset.label}: ${bytes(point.raw * unit)}`),
    summary: labels.map((label, k) => `${label} resident ${bytes(resident[k])}, tensors ${bytes(tensors[k])}`).join("; "),
    numbers: table([{ title: "" }, { title: "resident", number: true }, { title: "tensors", number: true }],
      labels.map((label, k) => [label, bytes(resident[k]), bytes(tensors[k])]), title) });
}
