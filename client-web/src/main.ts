import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import './ui/tokens.css'
import './ui/parts.css'
import './ui/app.css'
import './ui/look'
import './ui/install'
import { keepPage } from './ui/update'

createApp(App).use(router).mount('#app')
void keepPage()
