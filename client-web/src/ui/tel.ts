// The address that dials a number as people write it: 0371-6888 1234 转 5 waits before its extension.
export const telOf = (phone: string) => `tel:${phone.replace(/转/g, ',').replace(/[^\d+,]/g, '')}`
