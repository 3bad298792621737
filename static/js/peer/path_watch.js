/**
 * How the path is doing that was found: relayed or not, how long a word takes, and whether it still answers. Mirrors
 * chat/peer/path_watch.py.
 *
 * The browser asks the other side by itself, every few seconds, and counts the answers; this reads what it wrote down, every
 * `READ_MS`. That a path does not answer the browser tells too, as the connection's state.
 */

/**
 * @typedef {object} Path
 * @property {boolean} relayed through the server's relay, on either side
 * @property {number | null} rtt the round-trip time in milliseconds, null until known
 */

const READ_MS = 5_000;
/** How long a path that stands may take to show it: browsers ask every 2.5 s. */
const CHECK_MS = 4_000;
const LOOK_MS = 200;

/** Watches a connection that stands, between `start` and `stop`. */
export class PathWatch {
  #connection;
  #changed;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #running = false;

  /** @type {Path | null} */
  path = null;

  /** @param {RTCPeerConnection} connection @param {() => void} changed told when `path` is another */
  constructor(connection, changed) {
    this.#connection = connection;
    this.#changed = changed;
  }

  start() {
    if (!this.#running) {
      this.#running = true;
      this.#read();
    }
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Whether the path answers now; takes 4 s to say no. */
  async check() {
    const before = await this.#answers();
    for (let waited = 0; waited < CHECK_MS && this.#connection.connectionState === "connected"; waited += LOOK_MS) {
      if (before === null || (await this.#answers()) !== before) {
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  async #read() {
    const pair = await this.#pair();
    if (!this.#running) {
      return;
    }
    this.#timer = setTimeout(() => this.#read(), READ_MS);
    if (pair !== null && (pair.path.relayed !== this.path?.relayed || pair.path.rtt !== this.path.rtt)) {
      this.path = pair.path;
      this.#changed();
    }
  }

  /** How much has come in over the path, in whatever the browser counts; null where it does not. */
  async #answers() {
    return (await this.#pair())?.answers ?? null;
  }

  /** @returns {Promise<{path: Path, answers: number | null} | null>} */
  async #pair() {
    const stats = await this.#connection.getStats().catch(() => new Map());
    const pair = chosen(stats);
    if (pair === undefined) {
      return null;
    }
    const { currentRoundTripTime: seconds, responsesReceived, bytesReceived } = pair;
    const ends = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
    const relayed = ends.some((candidate) => candidate?.candidateType === "relay");
    const rtt = typeof seconds === "number" ? Math.round(seconds * 1000) : null;
    return { path: { relayed, rtt }, answers: responsesReceived ?? bytesReceived ?? null };
  }
}

/** The pair in use: as the transport names it, or in Firefox as it says of itself. @param {RTCStatsReport | Map<string, any>} stats */
function chosen(stats) {
  const reports = [...stats.values()];
  const id = reports.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  return (
    stats.get(id) ??
    reports.find(({ type, selected, nominated, state }) => {
      return type === "candidate-pair" && (selected ?? (nominated && state === "succeeded"));
    })
  );
}
