// Loaded into jsii's Node process before it starts (see lazy_provider.py).
//
// The index of the AWS bindings requires all of its 1,500 modules: 2.6 s of compiling and
// 500 MB. Here each becomes a getter that requires its module when it is first asked for.
"use strict";

const Module = require("node:module");

const INDEX = /@cdkt[fn][\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const EXPORT = /^exports\.(\w+) = require\((['"][^'"]+['"])\);$/gm;
const GETTER =
  'Object.defineProperty(exports, "$1", { enumerable: true, get: () => require($2) });';

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  const source = INDEX.test(filename) ? content.replace(EXPORT, GETTER) : content;
  return compile.call(this, source, filename, ...rest);
};
