// Draws a QR code into an element. What can draw one is loaded when it is first needed, which few people ever do.

const NOT_LOADED = "The QR code could not be loaded. Is this device online?";

/**
 * @param {HTMLElement} holder
 * @param {string} text
 * @param {string} label What it is, for somebody who does not see it.
 * @param {() => boolean} wanted Whether it is still to be seen when it is there.
 */
export async function drawQr(holder, text, label, wanted) {
  const drawn = await import("./qr_code.js").then(
    ({ qrCode }) => qrCode(text, label),
    () => NOT_LOADED,
  );
  if (wanted()) {
    holder.replaceChildren(drawn);
  }
}
