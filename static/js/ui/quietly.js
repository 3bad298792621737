// A browser may refuse its storage by throwing on the mere mention of it.

/**
 * @template T
 * @param {() => T} action
 * @returns {T | null} null where the browser refused.
 */
export function quietly(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
