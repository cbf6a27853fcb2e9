/** Stands in for curl, with the options of the documents: -X -H -d --data-binary @- -s -w and an address. */
import { readFileSync } from "node:fs";

const request = { method: undefined, headers: [], body: undefined };
let address;
let writeOut = "";

const words = process.argv.slice(2);
while (words.length > 0) {
  const word = words.shift();
  if (word === "-X") request.method = words.shift();
  else if (word === "-H") request.headers.push(words.shift().split(/: (.*)/s).slice(0, 2));
  else if (word === "-d") request.body = words.shift();
  else if (word === "--data-binary" && words.shift() === "@-") request.body = readFileSync(0);
  else if (word === "-w") writeOut = words.shift();
  else if (word.startsWith("-") && word !== "-s") throw new Error(`curl ${word} is not known here`);
  else if (word !== "-s") address = word;
}
request.method ??= request.body === undefined ? "GET" : "POST";

const response = await fetch(address, request);
process.stdout.write(await response.text());
process.stdout.write(writeOut.replace("\\n", "\n").replace("%{http_code}", response.status));
