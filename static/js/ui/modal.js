// A dialog over the page: closed by its button, by Escape and by a click beside it; the focus goes back where it was.

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLButtonElement} close
 */
export function modal(dialog, close) {
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
}
