// Loaded before a tool for agent threats: it may read the files it was given
// and write its answer, and may connect to nothing and start nothing.
'use strict'
const { syncBuiltinESMExports } = require('node:module')
const refuse = () => { throw new Error('this scan has no network') }
const shut = (object, names) => {
  for (const name of names) {
    if (object && typeof object[name] === 'function') object[name] = refuse
  }
}
const net = require('node:net')
shut(net.Socket.prototype, ['connect'])
shut(net.Server.prototype, ['listen'])
shut(net, ['connect', 'createConnection'])
shut(require('node:tls'), ['connect'])
shut(require('node:http'), ['request', 'get'])
shut(require('node:https'), ['request', 'get'])
shut(require('node:http2'), ['connect'])
shut(require('node:dgram'), ['createSocket'])
const dns = require('node:dns')
const lookups = (object) => Object.keys(object).filter((name) => /^(lookup|resolve|reverse)/.test(name))
shut(dns, lookups(dns))
shut(dns.promises, lookups(dns.promises))
shut(require('node:child_process'), ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'])
for (const name of ['fetch', 'WebSocket', 'EventSource']) {
  if (typeof globalThis[name] === 'function') globalThis[name] = refuse
}
syncBuiltinESMExports()
