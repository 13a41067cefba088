"use strict";
// Elements, numbers as text, tables.  Text enters the page as text nodes only: nothing of it can be markup.

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}

// Numbers as report.md shows them; what was not measured is "-".
// Integers that a number of JavaScript cannot hold come as text (reports/html.cpp).
const numeric = (value) => (value === "inf" ? Infinity : typeof value === "number" ? value
  : typeof value === "string" && /^-?\d{16,20}$/.test(value) ? Number(value) : null);
function significant(value) {
  const x = numeric(value);
  if (x === null) return "-";
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return "inf";
  const magnitude = Math.floor(Math.log10(Math.abs(Number(x.toPrecision(3)))));
  return magnitude < -4 ? x.toExponential(2) : x.toFixed(Math.max(0, 2 - magnitude));
}
const seconds = (x) => (numeric(x) === null ? "-" : `${significant(x)} s`);
function bytes(value) {
  const x = numeric(value);
  if (x === null) return "-";
  if (x < 1024) return `${x} B`;
  const unit = x >= 2 ** 30 ? [2 ** 30, "GiB"] : x >= 2 ** 20 ? [2 ** 20, "MiB"] : [1024, "KiB"];
  return `${significant(x / unit[0])} ${unit[1]}`;
}
function ssim(value) {
  const x = numeric(value);
  return x === null ? "-" : (x < 1 ? Math.min(x, 0.999999) : x).toFixed(6);
}
const psnr = (value) => (numeric(value) === null ? "-" : numeric(value) === Infinity ? "inf" : numeric(value).toFixed(2));

function table(columns, rows, caption) {
  const heads = columns.map((c) => element("th", { scope: "col", class: c.number ? "number" : null }, c.title));
  const body = rows.map((cells) => element("tr", {}, cells.map((cell, i) =>
    element(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: columns[i].number ? "number" : null }, cell))));
  return element("div", { class: "scroll" }, element("table", { "aria-label": caption },
    element("thead", {}, element("tr", {}, heads)), element("tbody", {}, body)));
}

function facts(pairs) {
  return element("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== "").map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}
