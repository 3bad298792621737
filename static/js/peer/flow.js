/**
 * What flows between a conversation and its line: frames while the channel has room, and what pacing.js makes due. Mirrors
 * chat/peer/flow.py.
 */

/** @import {Conversation} from "./conversation.js" */
/** @import {Line} from "./line.js" */
/** @import {Pacing} from "./pacing.js" */

export class Flow {
  #conversation;
  #line;
  #pacing;
  #settle;
  #stopped = false;
  #due;

  /**
   * @param {Conversation} conversation
   * @param {Line} line
   * @param {Pacing} pacing
   * @param {{settle: () => void, silent: () => void}} told `settle` is called whenever something may have changed, `silent`
   *   when the other side has not said `hello` in all its time, over a channel that stands
   */
  constructor(conversation, line, pacing, { settle, silent }) {
    this.#conversation = conversation;
    this.#line = line;
    this.#pacing = pacing;
    this.#settle = settle;
    this.#due = {
      acknowledge: () => this.#acknowledge(),
      resend: () => this.#resend(),
      release: () => this.#release(),
      silent: () => this.#unspoken(silent),
    };
  }

  /** Hand frames to the channel while it has room, and see what is due. */
  pump() {
    while (this.#line.hasRoom) {
      const frame = this.#conversation.nextFrame();
      if (frame === null) {
        break;
      }
      if (this.#line.send(frame.text)) {
        this.#conversation.taken(frame);
        continue;
      }
      this.#conversation.refused(frame);
      if (this.#conversation.suite.acknowledges) {
        break;
      }
    }
    this.#follow();
    this.#settle();
  }

  /** It is over: nothing more is due. */
  stop() {
    this.#stopped = true;
  }

  #follow() {
    if (!this.#stopped) {
      this.#pacing.followConversation(this.#conversation, this.#due);
    }
  }

  // What is due

  #acknowledge() {
    this.#conversation.acknowledge();
    this.pump();
  }

  /** Send again what was not acknowledged in all this time, unless it has not even left. */
  #resend() {
    const progress = this.#pacing.progress(this.#conversation);
    if (!progress && this.#line.idle) {
      this.#conversation.resend();
    }
    this.pump();
  }

  #release() {
    this.#conversation.release();
    this.pump();
  }

  /** Nothing came in all this time; a channel that is interrupted has its own. @param {() => void} silent */
  #unspoken(silent) {
    if (this.#conversation.state === "greeting") {
      silent();
    }
  }
}
