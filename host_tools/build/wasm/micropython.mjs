// SPDX-License-Identifier: MIT
// MicroPython's WebAssembly build with the unix port's command line:
//   node micropython.mjs PACKAGE [-X heapsize=N[k]] -c CODE
//   node micropython.mjs PACKAGE [-X heapsize=N[k]] FILE [ARG...]
// PACKAGE is the unpacked npm package. A copy of the working folder is its file system. It has no sockets and no ttys,
// and its heap grows when full: heapsize is where it begins, no limit.

import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [packageFolder, ...words] = process.argv.slice(2);
const heapsize = words[0] === "-X" ? bytes(words.splice(0, 2)[1]) : 1 << 20;

// The package's module looks at the command line, too, and would run it itself.
process.argv.length = 1;
const { loadMicroPython } = await import(pathToFileURL(path.join(packageFolder, "micropython.mjs")));
const mp = await loadMicroPython({
    heapsize,
    stdout: (line) => print(process.stdout, line),
    stderr: (line) => print(process.stderr, line),
});

let code = words[1];
if (words[0] !== "-c") {
    copyFolder(".");
    code = "exec(compile(open(_path).read(), _path, 'exec'), {'__name__': '__main__'})";
}
mp.globals.set("_path", words[0]);
mp.globals.set("_words", JSON.stringify(words));
mp.globals.set("_code", code);
process.exitCode = run();

function bytes(option) {
    const [, number, unit] = /^heapsize=(\d+)([kKmM]?)$/.exec(option);
    return Number(number) * { "": 1, k: 1 << 10, m: 1 << 20 }[unit.toLowerCase()];
}

function print(stream, line) {
    stream.write(line + "\n");
}

function copyFolder(folder) {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const name = path.posix.join(folder, entry.name);
        if (entry.isFile()) {
            mp.FS.writeFile(name, fs.readFileSync(name));
        } else if (entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name)) {
            mp.FS.mkdir(name);
            copyFolder(name);
        }
    }
}

// The exit status: SystemExit's value, 1 after any other exception.
function run() {
    try {
        mp.runPython(`
import json, sys
sys.argv[:] = json.loads(_words)
_status = 0
try:
    exec(_code)
except SystemExit as error:
    _status = error.value or 0
`);
        return mp.globals.get("_status");
    } catch (error) {
        print(process.stderr, error.message);
        return 1;
    }
}
