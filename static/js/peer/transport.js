/**
 * The path between the two devices: an RTCPeerConnection and its DataChannel `chat`. Mirrors chat/peer/transport.py.
 *
 * The only place that knows RTCPeerConnection. Jobs (make an offer, take a description, add a candidate) are done one
 * after the other, so callers never wait; what happens is told to the listener. Candidates that arrive before the remote
 * description wait for it.
 *
 * Candidates trickle, always, so an ICE server that is silent costs nothing. A browser may look for a path for ever (it does
 * where a relay refuses it), so the transport has a patience of its own, and says why there is none (path_search.js). With
 * `relayOnly` nothing but relayed candidates is gathered, sent and used.
 */

import { onlyRelayed, typeOf, typesIn } from "./candidates.js";
import { PATIENCE_MS, PathSearch } from "./path_search.js";
import { PathWatch } from "./path_watch.js";

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
 * @property {() => void} pathChanged `path` is another
 * @property {(reason: string) => void} failed no path was found, or it is lost for good; `reason` is a key of SENTENCES
 * @property {() => void} closed the other side closed the channel
 */

const LABEL = "chat";
/** Bytes queued in the channel above which it has no room. */
const HIGH_WATER = 1_048_576;
/** How long a closing channel may take to hand over what it holds, in milliseconds. */
const DRAIN_MS = 3_000;

/** A server that names more is not one to believe. */
const MAX_ICE_SERVERS = 8;

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
  #watch;
  #stood = false;
  #search;

  /**
   * @param {IceServer[]} iceServers the list that the server gave with the session
   * @param {Listener} listener
   * @param {{relayOnly?: boolean, patience?: number}} [options] `patience` in milliseconds
   */
  constructor(iceServers, listener, { relayOnly = false, patience = PATIENCE_MS } = {}) {
    const servers = iceServers.slice(0, MAX_ICE_SERVERS);
    this.#listener = listener;
    const urls = servers.flatMap((server) => server.urls);
    this.#search = new PathSearch(urls, (reason) => this.#fail(reason), { relayOnly, patience });
    this.#connection = connectionWith(servers, relayOnly ? "relay" : "all");
    this.#watch = new PathWatch(this.#connection, () => this.#listener?.pathChanged());
    this.#connection.ondatachannel = ({ channel }) => this.#attach(channel);
    this.#connection.onicecandidate = ({ candidate }) => this.#candidateFound(candidate);
    this.#connection.onicecandidateerror = (error) => this.#serverFailed(error);
    this.#connection.onicegatheringstatechange = () => this.#gathering();
    this.#connection.onconnectionstatechange = () => this.#stateChanged();
    this.#enqueue(async () => this.#giveUpIfHopeless());
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

  /** How the two are connected, while they are. */
  get path() {
    return this.#watch.path;
  }

  /** Why there is no path, as far as can be said now; a key of SENTENCES. */
  get fault() {
    return this.#search.fault;
  }

  /** Whether a path would have been found by now, if there were one. */
  get overdue() {
    return this.#search.overdue;
  }

  /** Whether the path answers now; it takes 4 s to say no. */
  check() {
    return this.#watch.check();
  }

  /** Let what the channel took go out, then close; the listener hears nothing any more. */
  async close() {
    this.#silence();
    if (this.#channel?.readyState === "open") {
      const patience = new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
      await Promise.race([closed(this.#channel), patience]);
    }
    this.#connection.close();
  }

  /** Close at once, when the page itself goes away. */
  abort() {
    this.#silence();
    this.#connection.close();
  }

  // The jobs

  /** Do a job after those before it; one that cannot be done is a failure. @param {() => Promise<void>} job */
  #enqueue(job) {
    this.#jobs = this.#jobs.then(job).catch(() => this.#fail("no_path"));
  }

  async #describe() {
    await this.#connection.setLocalDescription();
    const description = /** @type {RTCSessionDescription} */ (this.#connection.localDescription);
    const kind = /** @type {"offer" | "answer"} */ (description.type);
    const sdp = this.#search.seen.relayOnly ? onlyRelayed(description.sdp) : description.sdp;
    this.#listener?.signal(kind, { type: kind, sdp });
  }

  /** @param {"offer" | "answer"} kind @param {Payload} body */
  async #takeDescription(kind, body) {
    const offered = this.#connection.signalingState === "have-local-offer";
    if (offered !== (kind === "answer")) {
      return;
    }
    checkMedia(String(body.sdp));
    for (const type of typesIn(String(body.sdp))) {
      this.#search.seen.theirs.add(type);
    }
    await this.#connection.setRemoteDescription({ type: kind, sdp: String(body.sdp) });
    for (const candidate of this.#early.splice(0)) {
      await this.#takeCandidate(candidate);
    }
    if (kind === "offer") {
      await this.#describe();
    }
    this.#search.described();
  }

  /** One unusable candidate leaves the others. @param {Payload} body */
  async #takeCandidate(body) {
    if (this.#connection.remoteDescription === null) {
      this.#early.push(body);
      return;
    }
    const type = typeOf(String(body.candidate));
    if (type !== null) {
      this.#search.seen.theirs.add(type);
    }
    await this.#connection.addIceCandidate(/** @type {RTCIceCandidateInit} */ (body)).catch(() => {});
  }

  // What the browser tells

  /** @param {RTCIceCandidate | null} candidate */
  #candidateFound(candidate) {
    const type = typeOf(candidate?.candidate ?? "");
    if (candidate !== null && type !== null && (type === "relay" || !this.#search.seen.relayOnly)) {
      this.#search.seen.own.add(type);
      const { sdpMid, sdpMLineIndex } = candidate;
      this.#listener?.signal("ice", { candidate: candidate.candidate, sdpMid, sdpMLineIndex });
    }
  }

  /** @param {RTCPeerConnectionIceErrorEvent} error */
  #serverFailed({ url, errorCode }) {
    this.#search.seen.errors.push({ url, code: errorCode });
    this.#giveUpIfHopeless();
  }

  #gathering() {
    this.#search.gathered(this.#connection.iceGatheringState === "complete");
    this.#giveUpIfHopeless();
  }

  /** @param {RTCDataChannel} channel */
  #attach(channel) {
    if (channel.label !== LABEL || this.#channel !== null) {
      channel.close();
      return;
    }
    this.#channel = channel;
    channel.bufferedAmountLowThreshold = HIGH_WATER / 2;
    channel.onopen = () => this.#opened();
    channel.onmessage = ({ data }) => typeof data === "string" && this.#listener?.received(data);
    channel.onbufferedamountlow = () => this.#listener?.writable();
    channel.onclose = () => this.#channelClosed();
  }

  #opened() {
    this.#search.stop();
    this.#listener?.opened();
  }

  /** While the path stands a channel closes because the other side closed it; else the path is what is gone. */
  #channelClosed() {
    const state = this.#connection.connectionState;
    if (state === "failed" || state === "closed") {
      this.#fail("lost");
    } else {
      this.#listener?.closed();
    }
  }

  #stateChanged() {
    switch (this.#connection.connectionState) {
      case "connected":
        this.#stood = true;
        this.#search.stop();
        this.#watch.start();
        this.#listener?.recovered();
        break;
      case "disconnected":
        this.#listener?.interrupted();
        break;
      case "failed":
      case "closed":
        this.#fail(this.#stood ? "lost" : this.fault);
    }
  }

  // Inside

  /** Fail at once where nothing the other side sends could help. */
  #giveUpIfHopeless() {
    if (this.#search.hopeless) {
      this.#fail(this.fault);
    }
  }

  /** There is no path, and nothing more comes of this connection. @param {string} reason */
  #fail(reason) {
    const listener = this.#listener;
    this.#silence();
    listener?.failed(reason);
  }

  /** Tell nothing any more. */
  #silence() {
    this.#listener = null;
    this.#watch.stop();
    this.#search.stop();
  }
}

/**
 * A connection with those ICE servers that the browser takes; one that it does not take would cost the others.
 * @param {IceServer[]} iceServers @param {RTCIceTransportPolicy} iceTransportPolicy
 */
function connectionWith(iceServers, iceTransportPolicy) {
  try {
    return new RTCPeerConnection({ iceServers, iceTransportPolicy });
  } catch {
    return new RTCPeerConnection({ iceServers: iceServers.filter(isUsable), iceTransportPolicy });
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
