// Loaded before anything else: as bin/cairn starts a server.
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
