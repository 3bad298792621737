// The chat page, put together: one peer, and the parts that draw what it says and pass on what the person does.

import "./fragment.js";

import { Peer } from "../peer/peer.js";
import { Announcer } from "./announcer.js";
import { ChatHead } from "./chat_head.js";
import { ChatMenu } from "./chat_menu.js";
import { Chime } from "./chime.js";
import { ClassicWarning } from "./classic_warning.js";
import { Confirming } from "./confirming.js";
import { ConnectPanel } from "./connect_panel.js";
import { ConversationList } from "./conversation_list.js";
import { DamagedIdentity } from "./damaged_identity.js";
import { part, show } from "./dom.js";
import { FocusKeeper } from "./focus_keeper.js";
import { dropInvite, heldInvite, onInvite } from "./fragment.js";
import { IncomingCard } from "./incoming_card.js";
import { InviteCard } from "./invite_card.js";
import { InviteDialog } from "./invite_dialog.js";
import { KeyChanged } from "./key_changed.js";
import { LeaveGuard } from "./leave_guard.js";
import { NameDialog } from "./name_dialog.js";
import { NewIdentity } from "./new_identity.js";
import { NothingYet } from "./nothing_yet.js";
import { Notifier } from "./notifier.js";
import { dropOpenChats, keepOpenChats, takeOpenChats } from "./open_chats.js";
import { OtherPages } from "./other_pages.js";
import { deleteOwnIdentity, openOwnIdentity } from "./own_identity.js";
import { Panes } from "./panes.js";
import { goTo, USERNAME_PAGE } from "./places.js";
import { faultOf, sentenceOf, textOf } from "./refusals.js";
import { RememberedName } from "./remembered_name.js";
import { ServerStatus } from "./server_status.js";
import { Settings } from "./settings.js";
import { SettingsDialog } from "./settings_dialog.js";
import { soon } from "./soon.js";
import { TabTitle } from "./tab_title.js";
import { Talk } from "./talk.js";
import { Toast } from "./toast.js";
import { VerifyPanel } from "./verify_panel.js";
import { OVER, viewOf } from "./view.js";
import { followKeyboard } from "./viewport.js";
import { onWaking } from "./waking.js";
import { forgetEverything } from "./wiping.js";

/** @import { Message } from "../peer/peer.js" */
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
    this.guard = new LeaveGuard();
    this.settings = new Settings();
    this.chime = new Chime();
    this.notifier = new Notifier(this.settings, this.chime, (other) => this.select(other));
    this.confirming = new Confirming(document);
    this.nothingYet = new NothingYet(document);
    /** Whether the chats that are open when the page goes away are to go on when it is back. */
    this.comingBack = true;
    this.peer = new Peer(name, {
      server: location.origin,
      identity,
      listener: {
        changed: soon(() => this.render()),
        received: (message, other) => this.received(message, other),
        missed: (other) => this.notifier.missed(other),
        notice: (sentence) => this.toast.show(sentence),
      },
    });
    this.parts = [...this.#calls(), ...this.#trust(), ...this.#around(), ...this.#chat()];
    this.attempt(() => this.peer.prefer(this.settings.preferences));
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
        block: (other) => this.block(other),
        announce: this.announce,
      }),
      new ChatHead(document, {
        cancel: () => this.attempt(() => peer.cancel()),
        end: () => this.attempt(() => peer.end()),
        close: (other) => this.attempt(() => peer.close(other)),
        announce: this.announce,
      }),
      new ChatMenu(document, {
        setTimer: (seconds) => this.attempt(() => peer.setTimer(seconds)),
        mute: (other, on) => this.attempt(() => peer.mute(other, on)),
        block: (other) => this.block(other),
        ask: (question, action) => this.confirming.ask(question, action),
      }),
      new ConnectPanel(document, {
        dial: (other) => faultOf(() => peer.dial(other)),
        met: () => this.identity.met,
        blocked: () => this.identity.blocks.names,
      }),
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

  /** All the chats there are, and whoever looks elsewhere. */
  #around() {
    const unselect = () => this.attempt(() => this.peer.select(null));
    return [
      new ConversationList(document, (other) => this.open(other)),
      new Panes(document, { unselect, draw: () => this.render() }),
      this.notifier,
    ];
  }

  /** The talk itself, and the page around it. The last one looks at what the others have drawn. */
  #chat() {
    const { peer } = this;
    const dialog = new NameDialog(document, { rename: (next) => this.rename(next), forget: () => this.forget() });
    const { parts, composer } = new Talk(document, {
      peer,
      attempt: (action) => this.attempt(action),
      say: (sentence) => this.toast.show(sentence),
    });
    new SettingsDialog(document, this.settings, {
      chosen: () => this.attempt(() => peer.prefer(this.settings.preferences)),
      blocked: () => this.identity.blocks.names,
      unblock: (other) => this.attempt(() => peer.unblock(other)),
      rename: () => dialog.open(),
      wipe: () => this.wipe().catch(this.fail),
      sound: () => this.chime.play("message"),
    });
    new NewIdentity(document, () => this.renew().catch(this.fail));
    return [
      new OtherPages(document, peer.snapshot().name),
      new ServerStatus(document, { again: () => peer.start(), rename: () => dialog.open() }),
      ...parts,
      this.nothingYet,
      dialog,
      new TabTitle(),
      this.guard,
      new FocusKeeper(document, composer),
    ];
  }

  start() {
    addEventListener("pagehide", () => this.#goAway());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#comeBack());
    onWaking(() => this.peer.wake());
    followKeyboard();
    onInvite((fragment) => this.#openInvite(fragment));
    this.render();
    this.#comeBack();
    this.#openInvite(heldInvite());
  }

  /** The page is hidden for good, or until it comes back, or is loaded anew: nobody can tell which. */
  #goAway() {
    if (this.comingBack) {
      keepOpenChats(this.peer.name, this.peer.restorable());
    }
    this.peer.suspend();
  }

  #comeBack() {
    const open = takeOpenChats(this.peer.name);
    this.nothingYet.cameBackTo(open);
    this.peer.start();
    this.peer.restore(open);
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

  /** @param {Message} message @param {string} other */
  received(message, other) {
    this.notifier.received(message, other);
    const shown = this.peer.snapshot().chat.peer === other;
    this.announce(shown ? `${other}: ${message.body}` : `New message from ${other}.`);
  }

  /** The chat ends, and nobody needs to see it any more. @param {string} other */
  block(other) {
    if (this.attempt(() => this.peer.block(other))) {
      faultOf(() => this.peer.close(other));
      this.toast.show(`${other} is blocked. You can unblock them in the settings.`);
    }
  }

  /** @param {string} other */
  select(other) {
    return this.attempt(() => this.peer.select(other));
  }

  /** The person wants this chat: with a keyboard, they go on to write. @param {string} other */
  open(other) {
    if (this.select(other)) {
      this.render();
      const box = part(document, "message-input", HTMLTextAreaElement);
      const writes = matchMedia("(pointer: fine)").matches && box.checkVisibility() && !box.disabled;
      (writes ? box : part(document, "head", HTMLElement)).focus();
    }
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
    this.#leave();
    location.reload();
    return null;
  }

  forget() {
    remembered.forget();
    dropInvite();
    this.#leave();
    goTo(USERNAME_PAGE);
  }

  /** Be a new device from now on. */
  async renew() {
    this.#leave();
    this.peer.stop();
    await this.identity.wipe();
    dropInvite();
    location.reload();
  }

  /** Leave nothing of lowkey in this browser. */
  async wipe() {
    this.#leave();
    this.peer.stop();
    await this.identity.wipe();
    await deleteOwnIdentity();
    dropInvite();
    forgetEverything();
    goTo(USERNAME_PAGE);
  }

  /** Whoever is no longer who they were says goodbye, and does not come back to these chats. */
  #leave() {
    this.comingBack = false;
    dropOpenChats();
    this.guard.stop();
    for (const { peer: other, state } of this.peer.snapshot().conversations) {
      if (!OVER.has(state)) {
        faultOf(() => this.peer.select(other));
        faultOf(() => this.peer.end());
      }
    }
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
