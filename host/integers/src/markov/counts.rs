//! A Markov matrix in integers: how many words lead from each state to each other.

/// Counts C(i, j), sparse by rows; a row sums to 2^bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountMatrix {
    bits: u32,
    rows: Vec<Vec<(usize, u64)>>,
}

impl CountMatrix {
    /// `row(i, put)` calls `put(j, words)` for every way out of state i; ways to the same j add up.
    pub fn new(states: usize, bits: u32, mut row: impl FnMut(usize, &mut dyn FnMut(usize, u64))) -> Self {
        let mut line = vec![0_u64; states];
        let rows = (0..states)
            .map(|i| {
                line.fill(0);
                row(i, &mut |j, words| line[j] += words);
                line.iter().copied().enumerate().filter(|&(_, words)| words > 0).collect()
            })
            .collect();
        Self { bits, rows }
    }

    /// Rows sum to 2 to this power.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.rows.len()
    }

    /// The ways out of state i: (j, C(i, j)) with C > 0, in the order of j.
    pub fn row(&self, i: usize) -> &[(usize, u64)] {
        &self.rows[i]
    }

    /// C(i, j).
    pub fn count(&self, i: usize, j: usize) -> u64 {
        self.rows[i].binary_search_by_key(&j, |&(j, _)| j).map_or(0, |at| self.rows[i][at].1)
    }

    /// C(i, j) of all entries, (i, j, C).
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        self.rows.iter().enumerate().flat_map(|(i, row)| row.iter().map(move |&(j, words)| (i, j, words)))
    }

    /// Rows that do not sum to 2^bits.
    pub fn wrong_rows(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.iter().map(|&(_, words)| u128::from(words)).sum::<u128>() != self.sum())
            .count()
    }

    /// Columns that do not sum to 2^bits. None: doubly stochastic, the uniform law is invariant.
    pub fn wrong_columns(&self) -> usize {
        let mut sums = vec![0_u128; self.states()];
        self.entries().for_each(|(_, j, words)| sums[j] += u128::from(words));
        sums.iter().filter(|&&sum| sum != self.sum()).count()
    }

    /// Entries in which two matrices differ.
    pub fn differences(&self, other: &Self) -> usize {
        let missing = |a: &Self, b: &Self| a.entries().filter(|&(i, j, words)| b.count(i, j) != words).count();
        let only_there = other.entries().filter(|&(i, j, _)| self.count(i, j) == 0).count();
        missing(self, other) + only_there
    }

    /// One step of this chain and then one of the other.
    pub fn then(&self, other: &Self) -> Self {
        Self::new(self.states(), self.bits + other.bits, |i, put| {
            for &(j, first) in self.row(i) {
                other.row(j).iter().for_each(|&(k, second)| put(k, first * second));
            }
        })
    }

    fn sum(&self) -> u128 {
        1 << self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted() {
        let good = CountMatrix::new(2, 1, |i, put| {
            put(i, 1);
            put(1 - i, 1);
        });
        assert_eq!((good.wrong_rows(), good.wrong_columns(), good.then(&good).wrong_columns()), (0, 0, 0));
        let lost = CountMatrix::new(2, 1, |i, put| put(i, 1));
        assert_eq!((lost.wrong_rows(), good.differences(&lost), lost.differences(&good)), (2, 2, 2));
        let funnel = CountMatrix::new(2, 1, |_, put| put(0, 2));
        assert_eq!((funnel.wrong_rows(), funnel.wrong_columns()), (0, 2));
    }
}
