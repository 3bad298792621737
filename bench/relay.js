// The same relay in Node, on the `ws` package: node bench/relay.js PORT. No rules, as bench/bare.py.

import process from "node:process";
import { WebSocketServer } from "ws";

const sockets = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const name = new URL(request.url, "ws://localhost").searchParams.get("username");
  sockets.set(name, socket);
  socket.on("message", (frame) => {
    const text = frame.toString();
    sockets.get(JSON.parse(text).target)?.send(text);
  });
  socket.on("close", () => sockets.delete(name));
});
