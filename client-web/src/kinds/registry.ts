import type { Component } from 'vue'
import EmergencyCard from './emergency/Bubble.vue'
import NoticeCard from './notice/Bubble.vue'
import PollCard from './poll/Bubble.vue'
import RequestCard from './request/Bubble.vue'
import SignupCard from './signup/Bubble.vue'
import SuggestionCard from './suggestion/Bubble.vue'

// One folder for each kind that has a card. text and joined are lines of the talk itself; a kind that is not here is shown by its
// summary.
export const cards: Record<string, Component> = {
  notice: NoticeCard,
  request: RequestCard,
  poll: PollCard,
  signup: SignupCard,
  suggestion: SuggestionCard,
  emergency: EmergencyCard,
}
