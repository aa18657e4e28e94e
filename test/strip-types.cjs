// Jest's transformer: Node's own type stripping, so that tests run the very code that production runs.
const { createHash } = require('node:crypto');
const { stripTypeScriptTypes } = require('node:module');

module.exports = {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source) => createHash('sha1').update(`${process.version}\0${source}`).digest('hex'),
};
