import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { early, firstWords, part } from './scripts/first'

const api = process.env.LINLI ?? 'http://localhost:8080'

export default defineConfig({
  plugins: [firstWords(), vue({ features: { optionsAPI: false } }), early()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: '../assets/dist',
    emptyOutDir: true,
    target: ['chrome87', 'safari15.4'],
    assetsInlineLimit: 0, // nothing inline: the server allows its own files only
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        chunkFileNames: ({ name }) => `assets/${name.replace(/~.*/, '')}-[hash].js`,
        assetFileNames: ({ names }) => `assets/${(names[0] ?? 'file').replace(/[~.].*/, '')}-[hash][extname]`,
        // A request costs more than some bytes too many: what the first page needs is two files, what pages share is few.
        codeSplitting: {
          groups: [
            { name: 'vue', tags: ['$initial'], test: /node_modules/, priority: 3 },
            { name: 'first', tags: ['$initial'], priority: 2 },
            { name: part, debugName: 'first pages', priority: 1 },
            { name: 'part', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 20_000 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: api, ws: true } } },
})
