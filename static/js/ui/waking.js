// All that may mean that a path is back: each time the peer looks at once, instead of when its patience is over.

/** @param {() => void} wake */
export function onWaking(wake) {
  addEventListener("online", wake);
  addEventListener("pageshow", ({ persisted }) => persisted && wake());
  document.addEventListener("resume", wake);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  const connection = "connection" in navigator ? navigator.connection : null;
  if (connection instanceof EventTarget) {
    connection.addEventListener("change", wake);
  }
}
