#!/usr/bin/env node
// The command `cohortd`, on a Node.js that is new enough.
import { fileURLToPath } from 'url'
import { launch, mainProgram } from './launch.js'

launch({
  self: fileURLToPath(import.meta.url),
  program: mainProgram(),
  args: process.argv.slice(2),
  asCommand: true,
})
