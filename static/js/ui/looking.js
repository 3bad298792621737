// Whether the person is at the page: it can be seen, and what they type would go to it.

export function isLooking() {
  return document.visibilityState === "visible" && document.hasFocus();
}
