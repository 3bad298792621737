// What a screen reader says when something comes while the person is elsewhere on the page.

const LONGEST = 240;
const SPOKEN_AFTER_MS = 10_000;

export class Announcer {
  /** @param {HTMLElement} region A polite live region that nobody sees. */
  constructor(region) {
    this.region = region;
  }

  /** @param {string} sentence */
  say(sentence) {
    const line = document.createElement("p");
    line.textContent = sentence.length > LONGEST ? `${sentence.slice(0, LONGEST)}…` : sentence;
    this.region.append(line);
    setTimeout(() => line.remove(), SPOKEN_AFTER_MS);
  }
}
