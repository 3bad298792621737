// The chat page, put together: one peer, and the parts that draw what it says and pass on what the person does.

import "./fragment.js";

import { Peer } from "../peer/peer.js";
import { Announcer } from "./announcer.js";
import { ChatHead } from "./chat_head.js";
import { ClassicWarning } from "./classic_warning.js";
import { Composer } from "./composer.js";
import { ConnectPanel } from "./connect_panel.js";
import { DamagedIdentity } from "./damaged_identity.js";
import { part, show } from "./dom.js";
import { FocusKeeper } from "./focus_keeper.js";
import { dropInvite, heldInvite, onInvite } from "./fragment.js";
import { IncomingCard } from "./incoming_card.js";
import { InviteCard } from "./invite_card.js";
import { InviteDialog } from "./invite_dialog.js";
import { KeyChanged } from "./key_changed.js";
import { LeaveGuard } from "./leave_guard.js";
import { MessageList } from "./message_list.js";
import { NameDialog } from "./name_dialog.js";
import { NewIdentity } from "./new_identity.js";
import { deleteOwnIdentity, openOwnIdentity } from "./own_identity.js";
import { goTo, USERNAME_PAGE } from "./places.js";
import { faultOf, sentenceOf, textOf } from "./refusals.js";
import { RememberedName } from "./remembered_name.js";
import { ServerStatus } from "./server_status.js";
import { soon } from "./soon.js";
import { TabTitle } from "./tab_title.js";
import { Toast } from "./toast.js";
import { VerifyPanel } from "./verify_panel.js";
import { viewOf } from "./view.js";

/** @import { OwnIdentity } from "./own_identity.js" */

const NOT_KEPT = "This browser does not let the page remember another name.";

class ChatPage {
  /**
   * @param {string} name
   * @param {OwnIdentity} own
   */
  constructor(name, { identity, persistent }) {
    this.identity = identity;
    this.sheet = part(document, "sheet", HTMLElement);
    this.toast = new Toast(part(document, "toast", HTMLElement));
    this.announcer = new Announcer(part(document, "announcer", HTMLElement));
    this.title = new TabTitle();
    this.guard = new LeaveGuard();
    this.peer = new Peer(name, {
      server: location.origin,
      identity,
      listener: {
        changed: soon(() => this.render()),
        received: (message) => this.received(message.body),
        notice: (sentence) => this.toast.show(sentence),
      },
    });
    this.parts = [...this.#calls(), ...this.#trust(), ...this.#chat()];
    show(part(document, "forgetful", HTMLElement), !persistent);
  }

  /** Who one talks to. */
  #calls() {
    const { peer } = this;
    return [
      new InviteDialog(document, { create: () => peer.createInvite(), fault: this.fail }),
      new IncomingCard(document, {
        accept: () => this.attempt(() => peer.accept()),
        decline: () => this.attempt(() => peer.decline()),
        announce: this.announce,
      }),
      new ChatHead(document, {
        cancel: () => this.attempt(() => peer.cancel()),
        end: () => this.attempt(() => peer.end()),
        announce: this.announce,
      }),
      new ConnectPanel(document, (other) => faultOf(() => peer.dial(other))),
      new InviteCard(document, {
        again: () => this.#openInvite(heldInvite()),
        dismiss: () => this.#dismissInvite(),
        over: dropInvite,
      }),
    ];
  }

  /** Whether they are who they seem. */
  #trust() {
    const { peer } = this;
    const verify = new VerifyPanel(document, {
      begin: () => this.attempt(() => peer.verify()),
      confirm: (matches) => this.attempt(() => peer.confirm(matches)),
      end: () => this.attempt(() => peer.end()),
      write: () => part(document, "message-input", HTMLTextAreaElement).focus(),
      safetyNumber: () => textOf(() => peer.safetyNumber()),
      qrText: () => textOf(() => peer.qrText()),
      announce: this.announce,
    });
    return [
      new KeyChanged(document, {
        accept: () => this.attempt(() => peer.acceptKey()) && verify.beginWhenSecured(),
        refuse: () => this.attempt(() => peer.refuseKey()),
        announce: this.announce,
      }),
      new ClassicWarning(document, {
        accept: () => this.attempt(() => peer.acceptClassic()),
        refuse: () => this.attempt(() => peer.refuseClassic()),
        announce: this.announce,
      }),
      verify,
    ];
  }

  /** The talk itself, and the page around it. The last one looks at what the others have drawn. */
  #chat() {
    const { peer } = this;
    const dialog = new NameDialog(document, { rename: (next) => this.rename(next), forget: () => this.forget() });
    const composer = new Composer(document, (text) => this.attempt(() => peer.send(text)));
    new NewIdentity(document, () => this.renew().catch(this.fail));
    return [
      new ServerStatus(document, { again: () => peer.start(), rename: () => dialog.open() }),
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
    onInvite((fragment) => this.#openInvite(fragment));
    this.render();
    this.peer.start();
    this.#openInvite(heldInvite());
  }

  render() {
    const snapshot = this.peer.snapshot();
    this.sheet.dataset.view = viewOf(snapshot);
    for (const each of this.parts) {
      each.render(snapshot);
    }
  }

  announce = (/** @type {string} */ sentence) => this.announcer.say(sentence);

  /** What was asked for could not be done, and nobody is waiting to hear why. */
  fail = (/** @type {unknown} */ error) => this.toast.show(sentenceOf(error));

  /** @param {string} body */
  received(body) {
    this.title.received();
    this.announce(`${this.peer.snapshot().chat.peer}: ${body}`);
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

  /** @param {string | null} fragment */
  #openInvite(fragment) {
    if (fragment !== null && !this.attempt(() => this.peer.openInvite(fragment))) {
      dropInvite();
    }
  }

  #dismissInvite() {
    dropInvite();
    this.attempt(() => this.peer.dismissInvite());
  }

  /**
   * @param {string} next
   * @returns {string | null} Why not.
   */
  rename(next) {
    if (!remembered.write(next)) {
      return NOT_KEPT;
    }
    this.guard.stop();
    location.reload();
    return null;
  }

  forget() {
    remembered.forget();
    dropInvite();
    this.guard.stop();
    goTo(USERNAME_PAGE);
  }

  /** Be a new device from now on. */
  async renew() {
    this.peer.stop();
    await this.identity.wipe();
    dropInvite();
    this.guard.stop();
    location.reload();
  }
}

const remembered = new RememberedName();

/** @param {string} name */
async function open(name) {
  const damaged = new DamagedIdentity(document, async () => {
    await deleteOwnIdentity();
    location.reload();
  });
  const own = await openOwnIdentity().catch((error) => damaged.show(error));
  if (own) {
    new ChatPage(name, own).start();
  }
}

const name = remembered.read();
if (name === null) {
  goTo(USERNAME_PAGE);
} else {
  await open(name);
}
