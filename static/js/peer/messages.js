/**
 * A message of a conversation, as both sides of the program hold it. Mirrors chat/peer/messages.py.
 *
 * `id` is unique in its conversation; `at` is milliseconds since 1970, by the clock of this device. `newCall` marks the
 * first of a later chat under the same name: nothing says that it is with the same person.
 *
 * @typedef {"queued" | "sent" | "delivered" | "read" | "failed"} Status
 * @typedef {{id: string, mine: boolean, body: string, at: number, status: Status, newCall?: boolean}} Message
 */

export {};
