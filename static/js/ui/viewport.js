// The page is as tall as what can be seen of it. Browsers that lay their keyboard over the page, instead of making it lower,
// say so here; the message box stays above the keyboard then.

export function followKeyboard() {
  const seen = window.visualViewport;
  seen?.addEventListener("resize", () => follow(seen));
  seen?.addEventListener("scroll", () => follow(seen));
}

/** Zoomed in, the person wants to see less of the page, not a lower one. @param {VisualViewport} seen */
function follow(seen) {
  const covered = seen.scale === 1 && seen.height < innerHeight - 1;
  document.documentElement.style.setProperty("--seen", covered ? `${Math.round(seen.height)}px` : "100dvh");
  if (covered) {
    scrollTo(0, 0);
  }
}
