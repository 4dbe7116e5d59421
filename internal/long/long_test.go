package long

import (
	"slices"
	"testing"
)

func TestASampleIsTheSameEveryTimeAndAllIsAll(t *testing.T) {
	all := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
	t.Setenv(Variable, "")
	one := Some(7, 4, all)
	if len(one) != 4 || !slices.IsSorted(one) || !slices.Equal(one, Some(7, 4, all)) || slices.Equal(one, Some(8, 4, all)) {
		t.Errorf("a sample: %v, %v, %v", one, Some(7, 4, all), Some(8, 4, all))
	}
	if Runs(3, 100) != 3 || !slices.Equal(Some(1, 20, all), all) {
		t.Error("more than there is")
	}
	t.Setenv(Variable, "1")
	if Runs(3, 100) != 100 || !slices.Equal(Some(7, 4, all), all) {
		t.Error("not all")
	}
	for _, line := range Environ() {
		if line == Variable+"=1" {
			t.Error("a program is given it")
		}
	}
}
