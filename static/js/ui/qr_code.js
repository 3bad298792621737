// A QR code, drawn with elements: dark squares on white with a quiet zone around them, in the dark too, since cameras
// want it so.

import { encodeQR } from "../../vendor/qr.js";

const SVG = "http://www.w3.org/2000/svg";
/** Squares of white on each side, as the standard asks for. */
const QUIET_ZONE = 4;

/**
 * @param {string} text
 * @param {string} label What it is, for somebody who does not see it.
 */
export function qrCode(text, label) {
  const rows = encodeQR(text, "raw", { border: QUIET_ZONE });
  const picture = element("svg", { viewBox: `0 0 ${rows.length} ${rows.length}`, role: "img", "aria-label": label });
  picture.append(
    element("rect", { width: "100%", height: "100%", fill: "#fff" }),
    element("path", { d: rows.flatMap(squares).join(""), fill: "#000", "shape-rendering": "crispEdges" }),
  );
  return picture;
}

/**
 * A row's dark squares as a path.
 *
 * @param {boolean[]} row
 * @param {number} y
 */
function squares(row, y) {
  return row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []));
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value);
  }
  return made;
}
