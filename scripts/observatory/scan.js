// Has MDN's Observatory look at HOST as if ADDRESS were its address, and prints what it says as JSON: node scan.js HOST ADDRESS

import dns from "node:dns";

const [host, address] = process.argv.slice(2);
const lookup = dns.lookup;

/** @type {(name: string, options: any, callback: any) => void} */
dns.lookup = (name, options, callback) => {
  if (name !== host) return lookup(name, options, callback);
  const found = { address, family: 4 };
  callback(null, ...(options.all ? [[found]] : [found.address, found.family]));
};

const { scan } = await import("@mdn/mdn-http-observatory");
const { scan: outcome, tests } = await scan(host);
process.stdout.write(JSON.stringify({ ...outcome, tests }));
