export const categories = ['突发疾病', '人员被困', '火情', '水电气', '走失', '其他']

// The number that is called first for each; the rest is for the neighbours.
const numbers: Record<string, string> = { 突发疾病: '120', 人员被困: '119', 火情: '119', 走失: '110' }
export const numberOf = (category = '') => numbers[category] ?? ''
