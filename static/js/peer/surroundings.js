/**
 * What a link is given by its peer. Mirrors chat/peer/surroundings.py.
 *
 * @typedef {object} Surroundings
 * @property {(message: FromClient) => boolean} send put a message on the server's socket
 * @property {() => void} changed
 * @property {(message: Message) => void} received
 * @property {(sentence: string) => void} notice a sentence for the person
 * @property {(name: string, identity: Uint8Array | null) => Message[]} history the messages exchanged under a name with a
 *   device, by its identity key, or null for one that proved nothing
 * @property {() => number} now milliseconds since 1970
 * @property {() => number} clock seconds, never going back
 * @property {() => string} newId a fresh message id
 * @property {After} after
 * @property {Suites} suites
 */

/** @import {FromClient} from "../signaling/messages.js" */
/** @import {Message} from "./messages.js" */
/** @import {Suites} from "./suite.js" */
/** @import {After} from "./timers.js" */

export {};
