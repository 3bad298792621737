/**
 * The path between the two devices: an RTCPeerConnection and its DataChannel `chat`. Mirrors chat/peer/transport.py.
 *
 * The only place that knows RTCPeerConnection. Jobs (make an offer, take a description, add a candidate) are done one
 * after the other, so callers never wait; what happens is told to the listener. Candidates that arrive before the remote
 * description wait for it.
 */

/** @import {IceServer, Payload} from "../signaling/messages.js" */
/** @import {Kind} from "./sealing.js" */

/**
 * @typedef {object} Listener What a transport tells.
 * @property {(kind: Kind, body: Payload) => void} signal an offer, answer or candidate for the other side
 * @property {() => void} opened the channel is open
 * @property {(frame: string) => void} received a text frame came in
 * @property {() => void} writable there is room in the channel again
 * @property {() => void} interrupted the path does not answer; it may come back
 * @property {() => void} recovered the path is back
 * @property {() => void} failed no path was found, or it is lost for good
 * @property {() => void} closed the other side closed the channel
 */

const LABEL = "chat";
/** Bytes queued in the channel above which it has no room. */
const HIGH_WATER = 1_048_576;
/** How long a closing channel may take to hand over what it holds, in milliseconds. */
const DRAIN_MS = 3_000;

/** A server that names more is not one to believe. */
const MAX_ICE_SERVERS = 8;

/** @type {Readonly<Record<string, "recovered" | "interrupted" | "failed">>} */
const EVENTS = Object.freeze({
  connected: "recovered",
  disconnected: "interrupted",
  failed: "failed",
  closed: "failed",
});

/** One RTCPeerConnection. */
export class Transport {
  #connection;
  /** @type {Listener | null} */
  #listener;
  /** @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {Promise<void>} */
  #jobs = Promise.resolve();
  /** @type {Payload[]} */
  #early = [];

  /** @param {IceServer[]} iceServers the list that the server gave with the session @param {Listener} listener */
  constructor(iceServers, listener) {
    this.#listener = listener;
    this.#connection = connectionWith(iceServers.slice(0, MAX_ICE_SERVERS));
    this.#connection.ondatachannel = ({ channel }) => this.#attach(channel);
    this.#connection.onicecandidate = ({ candidate }) => this.#candidateFound(candidate);
    this.#connection.onconnectionstatechange = () => this.#stateChanged();
  }

  // What the owner asks for

  /** Open the channel and offer it to the other side. */
  offer() {
    this.#attach(this.#connection.createDataChannel(LABEL, { ordered: true }));
    this.#enqueue(() => this.#describe());
  }

  /** Take an offer, an answer or a candidate of the other side. @param {Kind} kind @param {Payload} body */
  receive(kind, body) {
    this.#enqueue(() => (kind === "ice" ? this.#takeCandidate(body) : this.#takeDescription(kind, body)));
  }

  /** Whether a frame handed over now goes into an open channel with room. */
  get hasRoom() {
    return this.#channel?.readyState === "open" && this.#channel.bufferedAmount < HIGH_WATER;
  }

  /** Whether all that was handed over has left. */
  get idle() {
    return this.#channel?.bufferedAmount === 0;
  }

  /** Hand a text frame to the channel; false when the channel did not take it. @param {string} frame */
  send(frame) {
    try {
      this.#channel?.send(frame);
    } catch {
      return false;
    }
    return this.#channel !== null;
  }

  /** Let what the channel took go out, then close; the listener hears nothing any more. */
  async close() {
    this.#listener = null;
    if (this.#channel?.readyState === "open") {
      const patience = new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
      await Promise.race([closed(this.#channel), patience]);
    }
    this.#connection.close();
  }

  /** Close at once, when the page itself goes away. */
  abort() {
    this.#listener = null;
    this.#connection.close();
  }

  // The jobs

  /** Do a job after those before it; one that cannot be done is a failure. @param {() => Promise<void>} job */
  #enqueue(job) {
    this.#jobs = this.#jobs.then(job).catch(() => this.#listener?.failed());
  }

  async #describe() {
    await this.#connection.setLocalDescription();
    const description = /** @type {RTCSessionDescription} */ (this.#connection.localDescription);
    const kind = /** @type {"offer" | "answer"} */ (description.type);
    this.#listener?.signal(kind, { type: kind, sdp: description.sdp });
  }

  /** @param {"offer" | "answer"} kind @param {Payload} body */
  async #takeDescription(kind, body) {
    const offered = this.#connection.signalingState === "have-local-offer";
    if (offered !== (kind === "answer")) {
      return;
    }
    checkMedia(String(body.sdp));
    await this.#connection.setRemoteDescription({ type: kind, sdp: String(body.sdp) });
    for (const candidate of this.#early.splice(0)) {
      await this.#takeCandidate(candidate);
    }
    if (kind === "offer") {
      await this.#describe();
    }
  }

  /** One unusable candidate leaves the others. @param {Payload} body */
  async #takeCandidate(body) {
    if (this.#connection.remoteDescription === null) {
      this.#early.push(body);
      return;
    }
    await this.#connection.addIceCandidate(/** @type {RTCIceCandidateInit} */ (body)).catch(() => {});
  }

  // What the browser tells

  /** @param {RTCIceCandidate | null} candidate */
  #candidateFound(candidate) {
    if (candidate?.candidate) {
      const { sdpMid, sdpMLineIndex } = candidate;
      this.#listener?.signal("ice", { candidate: candidate.candidate, sdpMid, sdpMLineIndex });
    }
  }

  /** @param {RTCDataChannel} channel */
  #attach(channel) {
    if (channel.label !== LABEL || this.#channel !== null) {
      channel.close();
      return;
    }
    this.#channel = channel;
    channel.bufferedAmountLowThreshold = HIGH_WATER / 2;
    channel.onopen = () => this.#listener?.opened();
    channel.onmessage = ({ data }) => typeof data === "string" && this.#listener?.received(data);
    channel.onbufferedamountlow = () => this.#listener?.writable();
    channel.onclose = () => this.#channelClosed();
  }

  /** While the path stands a channel closes because the other side closed it; else the path is what is gone. */
  #channelClosed() {
    const state = this.#connection.connectionState;
    if (state === "failed" || state === "closed") {
      this.#listener?.failed();
    } else {
      this.#listener?.closed();
    }
  }

  #stateChanged() {
    const event = EVENTS[this.#connection.connectionState];
    if (event !== undefined) {
      this.#listener?.[event]();
    }
  }
}

/** A connection with those ICE servers that the browser takes; one that it does not take would cost the others. @param {IceServer[]} iceServers */
function connectionWith(iceServers) {
  try {
    return new RTCPeerConnection({ iceServers });
  } catch {
    return new RTCPeerConnection({ iceServers: iceServers.filter(isUsable) });
  }
}

/** @param {IceServer} server */
function isUsable(server) {
  try {
    new RTCPeerConnection({ iceServers: [server] }).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Throw RangeError unless the SDP is for a DataChannel alone: nobody here watches, so nothing may stream.
 * @param {string} sdp
 */
function checkMedia(sdp) {
  const sections = sdp.split(/\r\n|\r|\n/).filter((line) => line.startsWith("m="));
  if (sections.length !== 1 || !sections[0].startsWith("m=application ")) {
    throw new RangeError("an SDP for more, or less, than a DataChannel");
  }
}

/**
 * Empty the channel and close it. A channel that is closed while it still holds frames may lose them in Chromium when it
 * has only just been opened, so it is emptied first.
 * @param {RTCDataChannel} channel
 */
async function closed(channel) {
  if (channel.bufferedAmount > 0) {
    await new Promise((resolve) => {
      channel.bufferedAmountLowThreshold = 0;
      channel.onbufferedamountlow = resolve;
      channel.onclose = resolve;
    });
  }
  await new Promise((resolve) => {
    channel.onclose = resolve;
    channel.close();
  });
}
