// The chat page, put together: one peer, and the parts that draw what it says and pass on what the person does.

import { PeerError } from "../peer/errors.js";
import { Peer } from "../peer/peer.js";
import { Announcer } from "./announcer.js";
import { ChatHead } from "./chat_head.js";
import { Composer } from "./composer.js";
import { ConnectPanel } from "./connect_panel.js";
import { part } from "./dom.js";
import { FocusKeeper } from "./focus_keeper.js";
import { IncomingCard } from "./incoming_card.js";
import { LeaveGuard } from "./leave_guard.js";
import { MessageList } from "./message_list.js";
import { NameDialog } from "./name_dialog.js";
import { goTo, USERNAME_PAGE } from "./places.js";
import { RememberedName } from "./remembered_name.js";
import { ServerStatus } from "./server_status.js";
import { TabTitle } from "./tab_title.js";
import { Toast } from "./toast.js";
import { viewOf } from "./view.js";

const NOT_KEPT = "This browser does not let the page remember another name.";

class ChatPage {
  /**
   * @param {string} name
   * @param {RememberedName} remembered
   */
  constructor(name, remembered) {
    this.remembered = remembered;
    this.sheet = part(document, "sheet", HTMLElement);
    this.toast = new Toast(part(document, "toast", HTMLElement));
    this.announcer = new Announcer(part(document, "announcer", HTMLElement));
    this.title = new TabTitle();
    this.guard = new LeaveGuard();
    this.peer = new Peer(name, {
      server: location.origin,
      listener: {
        changed: soon(() => this.render()),
        received: (message) => this.received(message.body),
        notice: (sentence) => this.toast.show(sentence),
      },
    });
    this.parts = this.#parts();
  }

  /** Every part of the page, and what of the peer it drives. The last one looks at what the others have drawn. */
  #parts() {
    const { peer } = this;
    const dialog = new NameDialog(document, { rename: (next) => this.rename(next), forget: () => this.forget() });
    const composer = new Composer(document, (text) => this.attempt(() => peer.send(text)));
    return [
      new ServerStatus(document, { again: () => peer.start(), rename: () => dialog.open() }),
      new IncomingCard(document, {
        accept: () => this.attempt(() => peer.accept()),
        decline: () => this.attempt(() => peer.decline()),
        announce: (sentence) => this.announcer.say(sentence),
      }),
      new ChatHead(document, {
        cancel: () => this.attempt(() => peer.cancel()),
        end: () => this.attempt(() => peer.end()),
      }),
      new ConnectPanel(document, (other) => faultOf(() => peer.dial(other))),
      new MessageList(document, (id) => this.attempt(() => peer.retry(id))),
      composer,
      dialog,
      this.title,
      this.guard,
      new FocusKeeper(document, composer),
    ];
  }

  start() {
    addEventListener("pagehide", () => this.peer.stop());
    addEventListener("pageshow", ({ persisted }) => persisted && this.peer.start());
    addEventListener("online", () => this.peer.wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.peer.wake());
    this.render();
    this.peer.start();
  }

  render() {
    const snapshot = this.peer.snapshot();
    this.sheet.dataset.view = viewOf(snapshot);
    for (const each of this.parts) {
      each.render(snapshot);
    }
  }

  /** @param {string} body */
  received(body) {
    this.title.received();
    this.announcer.say(`${this.peer.snapshot().chat.peer}: ${body}`);
  }

  /**
   * Ask the peer for something; a refusal is shown.
   *
   * @param {() => void} action
   * @returns {boolean} Whether it was done.
   */
  attempt(action) {
    const fault = faultOf(action);
    if (fault !== null) {
      this.toast.show(fault);
    }
    return fault === null;
  }

  /**
   * @param {string} next
   * @returns {string | null} Why not.
   */
  rename(next) {
    if (!this.remembered.write(next)) {
      return NOT_KEPT;
    }
    this.guard.stop();
    location.reload();
    return null;
  }

  forget() {
    this.remembered.forget();
    this.guard.stop();
    goTo(USERNAME_PAGE);
  }
}

/**
 * The sentence for what cannot be done now, or null when it was done.
 *
 * @param {() => void} action
 */
function faultOf(action) {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof PeerError) {
      return error.message;
    }
    throw error;
  }
}

/**
 * Once, after everything that is happening right now; also in a tab that nobody looks at, which draws no frames. What takes
 * long is done again only after as long a pause, so that a flood of messages leaves half of the time to the person.
 *
 * @param {() => void} action
 */
function soon(action) {
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

const remembered = new RememberedName();
const name = remembered.read();
if (name === null) {
  goTo(USERNAME_PAGE);
} else {
  new ChatPage(name, remembered).start();
}
