import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const api = process.env.LINLI ?? 'http://localhost:8080'

export default defineConfig({
  plugins: [vue({ features: { optionsAPI: false } })],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: '../assets/dist',
    emptyOutDir: true,
    target: ['chrome87', 'safari15.4'],
    assetsInlineLimit: 0, // nothing inline: the server allows its own files only
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: api, ws: true } } },
})
