import { ref } from 'vue'
import { telOf } from '@/ui/tel'
import { attempt } from '@/ui/toast'
import { get } from '@/wire/http'
import type { CardProps } from './card'

export interface Contact {
  name: string
  phone: string
  door: string
}

// Whom a card lets one reach. Each look is recorded for them, so nothing is looked up before somebody asks. A phone dials at the same tap; a desk,
// which cannot, shows the number.
export const useContact = (props: CardProps) => {
  const contact = ref<Contact>()
  const look = async () => {
    contact.value ??= await attempt(() => get<Contact>(`/rooms/${props.room}/items/${props.item.seq}/contact`))
    return contact.value
  }
  const call = async () => {
    const found = await look()
    if (found?.phone && matchMedia('(pointer: coarse)').matches) dial(found.phone)
  }
  return { contact, look, call }
}

const dial = (phone: string) => {
  const a = document.createElement('a')
  a.href = telOf(phone)
  a.hidden = true
  document.body.append(a)
  a.click()
  a.remove()
}
