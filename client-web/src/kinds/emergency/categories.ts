export const categories = ['突发疾病', '人员被困', '火情', '水电气', '走失', '其他']
