import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env['CAIRN_DEV_SERVER'] ?? 'http://127.0.0.1:7171'

/** The dashboard. Its files are served by `cairn server`; `npm run dev` serves them from here, and hands the rest on to it. */
export default defineConfig({
  root: 'src/dashboard',
  plugins: [react()],
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy lets nothing but files in
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    port: 7172,
    strictPort: true,
    proxy: { '/v1': server, '/download': server, '/git': server, '/docs': server },
  },
})
