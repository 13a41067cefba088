// The report, from the JSON beside it.
const data = JSON.parse(document.getElementById("data").textContent);
const run = data.run;

const id = (name) => `case-${run.cases.findIndex((record) => record.name === name)}`;
const verdict = (word) => element("span", { class: `verdict ${word}` }, word);
const isReference = (record) => !record.baseline && numeric(record.seconds) !== null;

function where(detail) {
  const quality = detail && detail.result.quality;
  if (!quality) return null;
  const region = quality.worst_region, first = quality.eight_bit && quality.eight_bit.first_differing_frame;
  if (!region) return quality.identical === false ? "floats only: equal after 8 bits" : null;
  return `first different frame ${first}, worst frame ${quality.psnr.worst_frame}, worst region ${region.width} x ${region.height} ` +
    `pixels at x ${region.x}, y ${region.y} of frame ${region.frame} (PSNR ${psnr(region.psnr)} dB)`;
}

function remarks(title, list) {
  if (!list || !list.length) return null;
  return element("div", { class: "remarks" }, element("strong", {}, title),
    element("ul", { "aria-label": title }, list.map((remark) => element("li", {}, `${remark.cases}: ${remark.text}`))));
}

function banner() {
  const worst = ["error", "failed", "untrusted"].find((word) => run.counts && run.counts[word]) || "passed";
  const notPassed = run.cases.filter((record) => record.verdict !== "passed");
  const different = run.cases.filter((record) => record.verdict === "passed" && record.identical === false);
  const lines = notPassed.concat(different).map((record) => element("li", {},
    verdict(record.verdict), " ", element("a", { href: `#${id(record.name)}` }, element("code", {}, record.name)), " ",
    record.verdict === "passed" ? "differs from its baseline, within its gates" : record.reason || "no reason was recorded",
    where(data.cases[record.name]) ? element("div", { class: "soft" }, where(data.cases[record.name])) : null));
  const identical = run.cases.filter((record) => record.identical === true && record.verdict !== "untrusted").length;
  const compared = run.cases.filter((record) => typeof record.identical === "boolean").length;
  const environment = run.environment || {};
  const slower = run.cases.filter((record) => record.against && numeric(record.against.seconds_ratio) !== null);
  return element("header", { class: `card banner ${run.interrupted ? "error" : worst}` },
    element("h1", { id: "verdict" }, data.verdict),
    element("p", { class: "soft" }, compared
      ? `${identical} of ${compared} compared cases equal their baseline in every float.`
      : "No case was compared with a baseline."),
    lines.length ? element("ul", { "aria-label": "What changed, and where" }, lines) : null,
    remarks("Not judged", data.not_judged),
    remarks("Warnings", data.warnings),
    remarks("Notes", data.notes),
    slower.length ? element("p", {}, `Against ${run.against}: ` + slower.map((record) =>
      `${record.name} ${record.against.seconds_ratio.toFixed(2)}x the time`).join(", ")) : null,
    facts([["measured", run.started + (run.finished ? ` to ${run.finished}` : "")], ["processor", environment.cpu || ""],
      ["cores", environment.cores ? String(environment.cores) : ""], ["memory", bytes(environment.memory_bytes)],
      ["isoframe", environment.isoframe ? `${environment.isoframe.version} ${environment.isoframe.commit || ""}` : ""],
      ["scenarios", (run.scenarios || []).join(", ")]]));
}

const columns = [
  { title: "case", key: (r) => r.name, show: (r) => element("a", { href: `#${id(r.name)}` }, element("code", {}, r.name)) },
  { title: "verdict", key: (r) => r.verdict, show: (r) => verdict(r.verdict) },
  ...(run.cases.some((r) => (r.engine || "isoframe") !== "isoframe")
    ? [{ title: "engine", key: (r) => r.engine || "isoframe", show: (r) => element("code", {}, r.engine || "isoframe") }] : []),
  { title: "layout", key: (r) => r.layout, show: (r) => element("code", {}, r.layout || "-") },
  { title: "ranks", number: true, key: (r) => numeric(r.world_size), show: (r) => String(r.world_size ?? "-") },
  { title: "time s", number: true, key: (r) => numeric(r.seconds), show: (r) => r.repetitions > 1
      ? `${significant(r.seconds)} (${significant(r.seconds_min)}-${significant(r.seconds_max)})` : significant(r.seconds) },
  { title: "speed-up", number: true, key: (r) => numeric(r.speedup), show: (r) => numeric(r.speedup) === null ? "-" : `${r.speedup.toFixed(2)}x` },
  { title: "efficiency", number: true, key: (r) => numeric(r.efficiency), show: (r) => numeric(r.efficiency) === null ? "-" : `${(100 * r.efficiency).toFixed(0)} %` },
  { title: "SSIM", number: true, key: (r) => numeric(r.ssim), show: (r) => isReference(r) ? "reference" : ssim(r.ssim) },
  { title: "PSNR dB", number: true, key: (r) => numeric(r.psnr), show: (r) => isReference(r) ? "reference" : psnr(r.psnr) },
  { title: "peak memory", number: true, key: (r) => numeric(r.peak_tensor_bytes), show: (r) => numeric(r.peak_tensor_bytes ?? r.peak_resident_bytes) === null
      ? "-" : `${bytes(r.peak_tensor_bytes)} / ${bytes(r.peak_resident_bytes)}` },
];

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "string" ? a.localeCompare(b) : a < b ? -1 : a > b ? 1 : 0;
}

function caseTable() {
  const state = { column: -1, descending: false };
  const body = element("tbody", {}), status = element("span", { class: "soft", role: "status" });
  const search = element("input", { type: "search", id: "filter", placeholder: "name or layout", oninput: draw });
  const words = [...new Set(run.cases.map((record) => record.verdict))].sort();
  const choice = element("select", { id: "verdicts", onchange: draw }, element("option", { value: "" }, "every verdict"),
    words.map((word) => element("option", { value: word }, word)));
  const heads = columns.map((column, index) => element("th", { scope: "col", class: column.number ? "number" : null },
    element("button", { type: "button", onclick: () => {
      state.descending = state.column === index && !state.descending;
      state.column = index;
      draw();
    } }, column.title)));
  function draw() {
    const text = search.value.toLowerCase();
    const rows = run.cases.filter((record) => (!choice.value || record.verdict === choice.value) &&
      `${record.name} ${record.layout}`.toLowerCase().includes(text));
    if (state.column >= 0) {
      const key = columns[state.column].key, sign = state.descending ? -1 : 1;
      // Values that were not measured stay at the end either way.
      rows.sort((a, b) => (key(a) === null || key(b) === null ? 1 : sign) * compare(key(a), key(b)));
    }
    heads.forEach((head, index) => index === state.column
      ? head.setAttribute("aria-sort", state.descending ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    body.replaceChildren(...rows.map((record) => element("tr", { "data-case": record.name }, columns.map((column, i) =>
      element(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: column.number ? "number" : null }, column.show(record))))));
    status.textContent = rows.length === run.cases.length ? "" : `${rows.length} of ${run.cases.length} cases`;
  }
  draw();
  return element("section", { id: "cases", tabindex: "-1" }, element("h2", {}, "Cases"),
    element("div", { class: "controls" }, element("label", { for: "filter" }, "Show"), search,
      element("label", { for: "verdicts" }, "with"), choice, status),
    element("div", { class: "scroll card" }, element("table", { id: "case-table" },
      element("thead", {}, element("tr", {}, heads)), body)),
    element("p", { class: "soft" }, "Time: median (smallest-largest), prompt to frames. Memory: tensors / resident, of the largest rank. " +
      "A title sorts; again, the other way."));
}

function picture(source, caption) {
  return element("figure", {}, element("img", { src: source, alt: caption, loading: "lazy" }), element("figcaption", {}, caption));
}

function swipe(pictures) {
  const under = element("img", { alt: "reference" }), over = element("img", { alt: "candidate" });
  const edge = element("div", { class: "edge" }), frame = element("output", {});
  const figures = element("div", { class: "frames" });
  const position = element("input", { type: "range", class: "swipe-position", min: 0, max: 100, value: 50, "aria-label": "Reference to the left, candidate to the right", oninput: draw });
  const choice = element("input", { type: "range", class: "swipe-frame", min: 0, max: pictures.length - 1, value: 0, "aria-label": "Frame", oninput: draw });
  function draw() {
    const shown = pictures[Number(choice.value)];
    under.src = shown.reference;
    over.src = shown.candidate;
    over.style.clipPath = `inset(0 0 0 ${position.value}%)`;
    edge.style.left = `${position.value}%`;
    frame.textContent = `Frame ${shown.frame}`;
    choice.setAttribute("aria-valuetext", `frame ${shown.frame}`);
    figures.replaceChildren(picture(shown.reference, `reference, frame ${shown.frame}`), picture(shown.candidate, `candidate, frame ${shown.frame}`),
      picture(shown.heat, `difference; brightest: ${shown.largest} of 255`));
  }
  draw();
  return element("div", {}, element("div", { class: "controls" }, frame, pictures.length > 1 ? element("div", { style: "flex:1;max-width:420px" }, choice) : null), figures,
    element("div", { class: "pair" }, element("div", {}, element("div", { class: "swipe" }, under, over, edge), position,
      element("p", { class: "soft" }, "Left of the line the reference, right of it the candidate. Arrow keys move it.")),
      element("div", { class: "swipe-side" })));
}

function communication(ranks) {
  const names = [...new Set(ranks.flatMap((rank) => rank.collectives.map((c) => `${c.group} ${c.collective}`)))];
  if (!names.length) return null;
  const cell = (rank, name) => rank.collectives.find((c) => `${c.group} ${c.collective}` === name);
  const largest = Math.max(1, ...ranks.flatMap((rank) => rank.collectives.map((c) => c.bytes_sent)));
  const shaded = (c) => {
    if (!c) return "-";
    const share = Math.round(40 * c.bytes_sent / largest);
    const predicted = numeric(c.predicted_bytes_sent) === null ? null
      : c.predicted_bytes_sent === c.bytes_sent && c.predicted_bytes_received === c.bytes_received ? "as predicted"
      : `predicted ${c.predicted_bytes_sent} B out, ${c.predicted_bytes_received} B in`;
    return element("div", { style: `background:color-mix(in srgb, var(--bar-1) ${share}%, transparent);padding:2px 6px;border-radius:3px`,
      title: `${c.calls} calls, ${bytes(c.bytes_received)} received, ${seconds(c.seconds)}` +
        (numeric(c.algorithm_bandwidth) === null ? "" : `, algorithm ${bytes(c.algorithm_bandwidth)}/s`) },
      c.bytes_sent || !c.bytes_received ? `${bytes(c.bytes_sent)} out` : `${bytes(c.bytes_received)} in`,
      element("div", { class: "soft" }, `${c.calls} x, ${seconds(c.seconds)}`),
      predicted ? element("div", { class: "soft" }, predicted) : null,
      numeric(c.bus_bandwidth) === null ? null : element("div", { class: "soft" }, `bus ${bytes(c.bus_bandwidth)}/s`));
  };
  return element("div", {}, element("h3", {}, "Communication of one generation: bytes, calls, time, bus bandwidth as nccl-tests defines it"),
    table([{ title: "group and collective" }].concat(ranks.map((rank) => ({ title: `rank ${rank.rank}`, number: true }))),
      names.map((name) => [name].concat(ranks.map((rank) => shaded(cell(rank, name))))), "communication"));
}

function tilePlan(ranks) {
  const plan = (ranks[0] && ranks[0].plan) || [];
  if (plan.length < 2) return null;
  const time = {};
  for (const rank of ranks) for (const tile of rank.tiles) time[`${tile.row} ${tile.column}`] = tile.seconds;
  const cells = plan.slice().sort((a, b) => a.row - b.row || a.column - b.column).map((tile) => element("div", {
    style: `grid-row:${tile.row + 1};grid-column:${tile.column + 1};background:hsl(${(tile.rank * 67 + 215) % 360} 45% 38%)` },
    `rank ${tile.rank}`, element("br"), `${tile.height} x ${tile.width}`, element("br"), seconds(time[`${tile.row} ${tile.column}`])));
  return element("div", {}, element("h3", {}, "VAE tiles: who decodes which (latents, seconds)"), element("div", { class: "tiles" }, cells),
    balance(ranks[0].decode_balance));
}

function balance(shared) {
  if (!shared || shared.ranks < 2) return null;
  const largest = Math.max(...shared.loads);
  const unit = shared.unit === "seconds" ? (load) => seconds(load) : (load) => `${significant(load)} positions`;
  return element("p", { class: "soft tile-balance" }, `Loads ${shared.loads.map(unit).join(", ")}: the largest is ${(shared.imbalance).toFixed(2)}x the mean` +
    (numeric(shared.optimum) === null ? "; the optimum was not searched for." : `, ${(largest / shared.optimum).toFixed(2)}x the least possible.`));
}

function enginesSection() {
  const { titles, rows, sentences, speed_ups, engines } = data.engines || { rows: [] };
  if (!rows.length) return null;
  return element("section", { id: "engines" }, element("h2", {}, "Engines"), element("div", { class: "card scroll" },
    table(titles.map((title, i) => ({ title, number: i > 3 })), rows, "engines beside each other"), element("p", { class: "soft" }, speed_ups),
    sentences.length ? element("ul", { "aria-label": "Which run stands alone" }, sentences.map((sentence) => element("li", {}, sentence))) : null,
    element("ul", { class: "soft" }, engines.map((line) => element("li", {}, line)))));
}

function publishedSection() {
  const rows = (data.published && data.published.rows) || [];
  if (!rows.length) return null;
  return element("section", { id: "published" }, element("h2", {}, "Published beside measured"), element("div", { class: "card scroll" },
    element("p", { class: "soft" }, `From ${data.published.source}.`),
    table(data.published.titles.map((title, i) => ({ title, number: i > 1 })), rows, "published beside measured"),
    element("ul", {}, data.published.differences.map((sentence) => element("li", {}, sentence)))));
}

function pixelText(pixels) {
  const shares = [1, 2, 4, 8, 16].map((step, i) => `${significant(100 * pixels.share_beyond[i])} % beyond ${step}`);
  return `mean ${significant(pixels.mean)}, 99 % within ${significant(pixels.percentile_99)}, ` +
    `99.9 % within ${significant(pixels.percentile_99_9)}; ${shares.join(", ")}`;
}

function qualityFacts(quality) {
  const floats = quality.float || {};
  const equal = quality.psnr.min === "inf";
  return facts([["PSNR", equal ? "inf" : `${psnr(quality.psnr.mean)} dB`],
    ["worst frame", equal ? "" : `${psnr(quality.psnr.min)} dB in frame ${quality.psnr.worst_frame}`],
    ["SSIM", ssim(quality.ssim.mean)], ["MS-SSIM", quality.ms_ssim ? ssim(quality.ms_ssim.mean) : ""],
    ["largest difference", significant(floats.max_difference)], ["relative L2", significant(floats.relative_l2)],
    ["floats that differ", floats.differing_values === undefined ? "" : String(floats.differing_values)],
    ["flicker (RMS)", quality.temporal ? significant(quality.temporal.mean) : ""],
    ["8-bit steps apart", quality.pixels ? pixelText(quality.pixels) : ""],
    ["NaN or infinite", floats.candidate_non_finite === undefined ? "" : String(floats.candidate_non_finite)]]);
}

function settings(value) {
  if (!value) return null;
  const tiling = value.tiling ? `${value.tile_size} px, overlap ${value.tile_overlap}` : "off";
  return facts([["prompt", value.prompt], ["negative prompt", value.negative_prompt], ["video", `${value.frames} frames of ${value.height} x ${value.width}`],
    ["steps", String(value.steps)], ["seed", String(value.seed)], ["tiling", tiling], ["dtype", value.dtype], ["threads a rank", String(value.threads_per_rank)]]);
}

// A locked run: what each part gives from the baseline's latents.
function locked(record) {
  if (!record) return [];
  const relative = (distance, tensor) => (numeric(distance.rms) === null ? NaN : distance.rms === 0 ? 0 : distance.rms / tensor.rms);
  const place = (tensor) => (numeric(tensor.step) === null ? tensor.part : `${tensor.part} at step ${tensor.step}`) +
    (["prediction", "frames"].includes(tensor.tensor) ? "" : ` (${tensor.tensor})`);
  const shown = record.tensors.filter((tensor) => tensor.tensor !== "latents" || tensor.too_far);
  const rows = shown.map((tensor) => [place(tensor), relative(tensor.baseline, tensor).toExponential(1), relative(tensor.candidate, tensor).toExponential(1),
    tensor.baseline.rms > 0 ? `${(tensor.candidate.rms / tensor.baseline.rms).toFixed(2)}x` : "-", tensor.too_far || ""]);
  const steps = record.tensors.filter((tensor) => tensor.tensor === "prediction").map((tensor) =>
    ({ step: tensor.step, baseline: relative(tensor.baseline, tensor), candidate: relative(tensor.candidate, tensor) }));
  const number = (x) => (numeric(x) === null ? "not measured" : x === 0 ? "0" : x.toExponential(1));
  return [distances(steps), element("h3", {}, record.exact === "float32" ? "Part by part from the baseline's latents: distance from float32"
      : "Part by part from the baseline's latents: distance from the baseline"),
    table([{ title: "part" }, { title: "baseline", number: true }, { title: "case", number: true }, { title: "ratio", number: true }, { title: "too far" }],
      rows, "locked run"),
    element("p", { class: "soft" }, `Whole video: relative L2 ${number(record.video_relative_l2)} from the baseline's, at most ${number(record.video_relative_l2_max)}.`)];
}

function caseSection(record) {
  const detail = data.cases[record.name], result = detail ? detail.result : {}, quality = result.quality || null;
  const ranks = result.ranks || [], pictures = (detail && detail.pictures) || [];
  const important = record.verdict !== "passed" || pictures.length > 0;
  const section = element("details", { class: "case card", id: id(record.name), open: important },
    element("summary", {}, element("code", {}, record.name), verdict(record.verdict), element("span", { class: "soft" }, record.layout || "")));
  if (record.reason) section.append(element("p", {}, record.reason));
  for (const warning of record.warnings || []) section.append(element("p", { class: "notice" }, `Warning: ${warning.message}`));
  for (const one of record.not_judged || []) section.append(element("p", { class: "notice" }, `Not judged: ${one.what}: ${one.why}; it takes ${one.remedy}.`));
  for (const note of record.notes || []) section.append(element("p", { class: "notice" }, note));
  const place = where(detail);
  if (place) section.append(element("p", {}, place[0].toUpperCase() + place.slice(1) + "."));
  if (record.first_divergence) section.append(element("p", {}, `First difference inside the model: ${record.first_divergence.sentence}.`));
  for (const one of (record.first_divergence && record.first_divergence.behind) || []) section.append(element("p", {}, `Behind it, with the baseline's tensors in its place: ${one.sentence}.`));
  if (result.error && result.error.last_words) section.append(element("h3", {}, `Last words of rank ${result.error.rank}`), element("pre", {}, result.error.last_words));
  if (quality) section.append(qualityFacts(quality));
  if (pictures.length) {
    const viewer = swipe(pictures), side = viewer.querySelector(".swipe-side");
    for (const chart of [curve("PSNR (dB) frame by frame", quality.psnr.per_frame, psnr), curve("SSIM frame by frame", quality.ssim.per_frame, ssim)])
      if (chart) side.append(chart);
    section.append(element("h3", {}, `Frames against ${result.baseline}`), viewer);
  }
  for (const part of locked(result.locked)) if (part) section.append(part);
  if (detail && detail.note) section.append(element("p", { class: "notice" }, detail.note));
  if (detail && detail.thumbnail) section.append(element("div", { style: "max-width:420px;margin-top:12px" }, picture(detail.thumbnail, "what it shows: its middle frame")));
  for (const part of [waterfall((detail && detail.timeline) || []), memory(ranks), communication(ranks), tilePlan(ranks)]) if (part) section.append(part);
  const setting = settings(result.case);
  if (setting) section.append(element("h3", {}, "Settings"), setting);
  if (record.command) section.append(element("h3", {}, "Again"), element("pre", {}, record.command));
  return section;
}

// Cases that need a look come first.
function bySeverity() {
  const order = ["error", "failed", "untrusted", "passed", "skipped"];
  return run.cases.slice().sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}

function floors() {
  const rows = run.cases.filter((record) => record.aa).map((record) => [element("code", {}, record.name),
    record.aa.identical ? "identical frames" : "different frames", ssim(record.aa.ssim), psnr(record.aa.psnr),
    numeric(record.aa.seconds_ratio) === null ? "-" : `${record.aa.seconds_ratio.toFixed(2)}x`]);
  if (!rows.length) return null;
  return element("section", {}, element("h2", {}, "Noise floor: baselines against themselves (A/A)"), element("div", { class: "card" },
    table([{ title: "baseline" }, { title: "repetitions" }, { title: "SSIM", number: true }, { title: "PSNR dB", number: true }, { title: "time ratio", number: true }], rows, "noise floor")));
}

function earlier() {
  const rows = run.cases.filter((record) => record.against).map((record) => [element("code", {}, record.name),
    numeric(record.against.seconds_ratio) === null ? "-" : `${record.against.seconds_ratio.toFixed(2)}x`,
    record.against.identical === null ? "-" : record.against.identical ? "identical" : "different", ssim(record.against.ssim), psnr(record.against.psnr)]);
  if (!rows.length) return null;
  return element("section", {}, element("h2", {}, `Against ${run.against}`), element("div", { class: "card" },
    table([{ title: "case" }, { title: "time ratio", number: true }, { title: "frames" }, { title: "SSIM", number: true }, { title: "PSNR dB", number: true }], rows, "against an earlier run")));
}

function environment() {
  const rows = [];
  const walk = (prefix, value) => {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) rows.push([prefix.replaceAll("_", " "), value.map((x) => typeof x === "number" ? significant(x) : x).join(", ")]);
    else if (typeof value === "object") for (const [key, item] of Object.entries(value)) walk(prefix ? `${prefix} ${key}` : key, item);
    else rows.push([prefix.replace(/_bytes$/, "").replaceAll("_", " "), prefix.endsWith("_bytes") ? bytes(value) : String(value)]);
  };
  walk("", run.environment);
  return element("section", {}, element("h2", {}, "Environment"), element("div", { class: "card" },
    table([{ title: "" }, { title: "" }], rows, "environment"), element("h3", {}, "Command"), element("pre", {}, run.command || "")));
}

const sections = [banner(), caseTable(), enginesSection(), publishedSection(), element("section", {}, element("h2", {}, "Case by case"), bySeverity().map(caseSection)), floors(), earlier(), environment()];
document.getElementById("report").append(...sections.filter((section) => section));
const openTarget = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", openTarget);
openTarget();
for (const section of document.querySelectorAll("details.case")) {
  section.addEventListener("toggle", () => { if (section.open) drawOpened(section); });
  if (section.open) drawOpened(section);
}
