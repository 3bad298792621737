// Draw what changed, but not for each change.

/**
 * Once, after everything that is happening right now; also in a tab that nobody looks at, which draws no frames. What takes
 * long is done again only after as long a pause, so that a flood of messages leaves half of the time to the person.
 *
 * @param {() => void} action
 */
export function soon(action) {
  let waiting = false;
  let pauseUntil = 0;
  const act = () => {
    waiting = false;
    const began = performance.now();
    action();
    const ended = performance.now();
    pauseUntil = ended + (ended - began);
  };
  return () => {
    if (waiting) {
      return;
    }
    waiting = true;
    const pause = pauseUntil - performance.now();
    if (pause > 1) {
      setTimeout(act, pause);
    } else {
      queueMicrotask(act);
    }
  };
}
