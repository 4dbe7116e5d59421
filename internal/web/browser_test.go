package web

import "testing"

// Two phones of one person are told apart by their model, where the browser says it.
func TestADeviceIsNamedByModelSystemAndBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Linux; Android 12; M2102K1C Build/SKQ1.211006.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107 Mobile Safari/537.36 MicroMessenger/8.0.30": "安卓 M2102K1C 微信",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36":                                                          "安卓 Chrome",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1":                                  "iPhone iOS 17 Safari",
		"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99 HuaweiBrowser/14 Mobile Safari/537.36":                "鸿蒙 NOH-AN00 华为浏览器",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36 Edg/124.0":                                                    "Windows Edge",
		"Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0":                                                                                                     "安卓 Firefox",
		"curl/8": "浏览器",
		"Mozilla/5.0 (Linux; Android 12; \u202eevil Build/1) Chrome/1": "安卓 Chrome",
	} {
		if got := browser(agent); got != want {
			t.Errorf("%q, not %q, of %s", got, want, agent)
		}
	}
}
