import { lastWords } from "/static/js/ui/entry_words.js";
import { format } from "/static/js/ui/format.js";
import { foldedAt, isPicture } from "/static/js/ui/message_body.js";
import { dayWord, durationWord, isJoined, quoteOf } from "/static/js/ui/message_words.js";
import { renderFormat } from "/static/js/ui/render_format.js";
import { describe, expect, it } from "./kit.js";

/** A tree in brackets: [bold …], [italic …], [code …], [block …], [link …]. */
function told(nodes) {
  return nodes
    .map(({ type, text, children }) => (type === "text" ? text : `[${type} ${text ?? told(children)}]`))
    .join("");
}

/** All that is written in a tree. */
function flat(nodes) {
  return nodes.map(({ text, children }) => text ?? flat(children)).join("");
}

function depth(nodes) {
  return Math.max(0, ...nodes.map(({ children }) => (children ? 1 + depth(children) : 0)));
}

function drawn(text) {
  const element = document.createElement("p");
  renderFormat(element, text);
  return element;
}

describe("format", () => {
  const CASES = [
    ["plain words, 2 * 3 * 4 = 24, snake_case_word and a*b*c", null],
    ["**bold** and *italic* and _italic_", "[bold bold] and [italic italic] and [italic italic]"],
    ["***both***, **bold *and* more**", "[bold [italic both]], [bold bold [italic and] more]"],
    ["*a **b***", "[italic a [bold b]]"],
    ["(*really*), *“quoted”*!", "([italic really]), [italic “quoted”]!"],
    ["*open, **open, _open", null],
    ["** a ** * b * _ c _", null],
    ["**one\ntwo**", null],
    ["* one\n* two", null],
    ["****  ____ ****", null],
    ["`code *as it is* https://x.org`", "[code code *as it is* https://x.org]"],
    ["`one\ntwo` ``", null],
    ["**`code`** *https://x.org*", "[bold [code code]] [italic [link https://x.org]]"],
    ["see:\n```js\nlet *a* = 1;\n```\nso", "see:[block let *a* = 1;]so"],
    ["```one line```", "[block one line]"],
    ["``` never closed", null],
    ["``````", null],
  ];
  for (const [text, expected] of CASES) {
    it(JSON.stringify(text), () => expect(told(format(text))).to.equal(expected ?? text));
  }

  it("a link ends before what ends the sentence, and keeps its own brackets", () => {
    expect(told(format("(https://x.org/a_(b)). https://x.org/c?d=e#f, <https://x.org/g>"))).to.equal(
      "([link https://x.org/a_(b)]). [link https://x.org/c?d=e#f], <[link https://x.org/g]>",
    );
  });

  it("only http and https are links, and only with a host and without a user", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,hi",
      "file:///etc/passwd",
      "ftp://x.org",
      "https://",
      "https://bank.example@evil.example/",
      "https://bank.example:pass@evil.example",
      "http://[not an address]/",
      "https://x.org:99999/",
      "http:///aaaaaaaaam:443@github.example/login",
      "https:///xxxxxxxxxm-login@paypal.example",
      "https:////a@evil.example/p",
      "https:///evil.example/p",
    ]) {
      expect(told(format(text)), text).to.equal(text);
    }
  });

  it("the text of a link is where it leads", () => {
    const links = {
      "https://\u0430pple.com/login": "https://xn--pple-43d.com/login",
      "https://EXAMPLE.com:443/A": "https://example.com/A",
      "https://0x7f.1/": "https://127.0.0.1/",
      "https://x.org/a/../b": "https://x.org/b",
      "https://de.wikipedia.org/wiki/K\u00e4se": "https://de.wikipedia.org/wiki/K\u00e4se",
      "https://x.org/100%25": "https://x.org/100%25",
    };
    for (const [typed, shown] of Object.entries(links)) {
      const [link] = format(typed);
      expect([link.type, link.text, link.href], typed).to.deep.equal(["link", shown, new URL(typed).href]);
    }
  });

  it("no character that nobody sees is part of a link", () => {
    for (const hidden of [
      "\u202e",
      "\u2066",
      "\u200b",
      "\u200f",
      "\u00ad",
      "\ufeff",
      "\u0007",
      "\u2028",
      "\u{e0041}",
    ]) {
      const [link, rest] = format(`https://x.org/a${hidden}gpj.exe`);
      expect([link.text, rest.text]).to.deep.equal(["https://x.org/a", `${hidden}gpj.exe`]);
    }
  });

  it("whatever is typed, nothing is lost but the marks, nothing is deep, and links are safe", () => {
    const parts = [
      "*",
      "**",
      "***",
      "_",
      "`",
      "```",
      "\n",
      " ",
      "a",
      "é",
      "👍",
      "https://x.org/",
      "http:/",
      "(",
      ")",
      ".",
      "\u202e",
      "\ud83d",
      "@",
    ];
    let seed = 7;
    const next = (most) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % most;
    };
    const marks = /[*_`\n]/g;
    for (let round = 0; round < 3_000; round += 1) {
      const text = Array.from({ length: next(24) }, () => parts[next(parts.length)]).join("");
      const nodes = format(text);
      expect(flat(nodes).replace(marks, ""), JSON.stringify(text)).to.equal(text.replace(marks, ""));
      expect(depth(nodes), JSON.stringify(text)).to.be.at.most(3);
      for (const link of drawn(text).querySelectorAll("a")) {
        expect(["http:", "https:"]).to.include(link.protocol);
      }
    }
  });

  it("no text costs more than its length: what would be quadratic takes minutes here", () => {
    const time = (text) => {
      const began = performance.now();
      format(text);
      return performance.now() - began;
    };
    for (const part of [
      "*a",
      "*a ",
      "_a*b",
      "**_*",
      "`",
      "`\n",
      "```",
      "https://x.org ",
      "https://x.org/((((",
      "https://x.org/))))",
      "https://x.org....",
      "*_**",
      "a***b",
      "*a _b **c",
      "http://",
      "[",
      "`a``",
      "((",
      "*`a`",
    ]) {
      const long = part.repeat(Math.ceil(400_000 / part.length));
      expect(time(long), JSON.stringify(part)).to.be.below(5_000);
    }
  });
});

describe("what is drawn of a text", () => {
  it("markup stays text", () => {
    const text = "<img src=x onerror=alert(1)> <b>**x**</b> &amp;";
    const element = drawn(text);
    expect([...element.querySelectorAll("*")].map(({ tagName }) => tagName)).to.deep.equal(["STRONG"]);
    expect(element.textContent).to.equal(text.replaceAll("*", ""));
  });

  it("a link opens elsewhere and says nothing of where one came from", () => {
    const link = drawn("https://x.org/a").querySelector("a");
    expect([link.target, link.rel, link.href, link.dir]).to.deep.equal([
      "_blank",
      "noopener noreferrer",
      "https://x.org/a",
      "ltr",
    ]);
  });

  it("plain text is one text node", () => {
    expect([...drawn("a\nb  c").childNodes].map(({ nodeType, data }) => [nodeType, data])).to.deep.equal([
      [3, "a\nb  c"],
    ]);
  });
});

describe("how much of a text is shown", () => {
  it("only what is long is folded, at a blank and never inside a character", () => {
    expect(foldedAt("a".repeat(4_000))).to.equal(4_000);
    expect(foldedAt("a".repeat(4_001))).to.equal(1_200);
    expect(foldedAt(`${"a".repeat(1_100)} ${"b".repeat(4_000)}`)).to.equal(1_100);
    expect(foldedAt("👍".repeat(3_000)) % 2).to.equal(0);
    expect(foldedAt(`a${"👍".repeat(3_000)}`) % 2).to.equal(1);
  });

  it("a few emoji are a picture, and nothing else is", () => {
    for (const text of ["👍", "❤️", "👩‍👩‍👧‍👦", "👍🏽 🎉", "🇩🇪🇫🇷"]) {
      expect(isPicture(text), text).to.equal(true);
    }
    for (const text of ["", " ", "1", "#", "©", "a👍", "👍👍👍👍", "👍!", "\u200d"]) {
      expect(isPicture(text), text).to.equal(false);
    }
  });
});

describe("the words around messages", () => {
  const noon = new Date(2024, 2, 31, 12).getTime();
  const message = (fields) => ({
    kind: "text",
    mine: true,
    at: noon,
    body: "x",
    newCall: false,
    deleted: false,
    ...fields,
  });

  it("days are named by how far they are away, at each hour of the day", () => {
    for (const hour of [0, 2, 12, 23]) {
      const now = new Date(2024, 2, 31, hour).getTime();
      expect(dayWord(new Date(2024, 2, 31, 0, 1).getTime(), now)).to.equal("Today");
      expect(dayWord(new Date(2024, 2, 30, 23, 59).getTime(), now)).to.equal("Yesterday");
      expect(dayWord(new Date(2024, 2, 29, 23, 59).getTime(), now)).to.not.match(/day$|2024/);
      expect(dayWord(new Date(2023, 11, 29).getTime(), now)).to.match(/2023/);
    }
  });

  it("messages go together by the same person, within five minutes, with nothing between", () => {
    const first = message({});
    expect(isJoined(first, message({ at: noon + 299_000 }))).to.equal(true);
    expect(isJoined(undefined, first)).to.equal(false);
    for (const other of [{ at: noon + 300_000 }, { mine: false }, { newCall: true }, { kind: "timer" }]) {
      expect(isJoined(first, message(other)), JSON.stringify(other)).to.equal(false);
    }
    const late = new Date(2024, 2, 31, 23, 59).getTime();
    expect(isJoined(message({ at: late }), message({ at: late + 90_000 }))).to.equal(false);
  });

  it("a quote is one short line, also of what is gone", () => {
    expect(quoteOf(message({ body: "one\n\n two" }))).to.equal("one two");
    expect(quoteOf(message({ body: "x".repeat(300) }))).to.equal(`${"x".repeat(200)}…`);
    expect(quoteOf(message({ body: "", deleted: true }))).to.equal("This message was deleted");
    expect(quoteOf(null)).to.equal("This message is no longer here");
  });

  it("a quote, and the last line of the list, have the words without their marks", () => {
    for (const [body, words] of [
      ["Hi **you**, *and _you_*", "Hi you, and you"],
      ["run `make *all*`:\n```sh\nmake\n\nmake test\n```\nthen _wait_", "run make *all*: make make test then wait"],
      ["2 * 3 * 4, **open, snake_case", "2 * 3 * 4, **open, snake_case"],
      ["see https://example.org/a_b_c.", "see https://example.org/a_b_c."],
      ["<b>no</b> markup", "<b>no</b> markup"],
    ]) {
      expect(quoteOf(message({ body }))).to.equal(words);
      const last = message({ body, mine: true, kind: "text" });
      expect(lastWords({ last, state: "secured", typing: false, doubted: false })).to.equal(`You: ${words}`);
    }
    const bold = `**${"x".repeat(250)}**`;
    expect(quoteOf(message({ body: bold }))).to.equal(`${"x".repeat(200)}…`);
    expect(quoteOf(message({ body: `short${" ".repeat(5_000)}end` }))).to.equal("short…");
  });

  it("durations are told in the largest unit that fits", () => {
    const words = [1, 30, 300, 3_600, 86_400, 7 * 86_400, 90].map(durationWord);
    expect(words).to.deep.equal(["1 second", "30 seconds", "5 minutes", "1 hour", "1 day", "1 week", "90 seconds"]);
  });
});
