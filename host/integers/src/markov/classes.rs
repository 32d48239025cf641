//! Communicating classes of a chain, and their periods: what makes a stationary law unique, and a limit.
//!
//! Strongly connected components by R. Tarjan, SIAM J. Comput. 1 (1972) 146; the period of a class is the greatest
//! common divisor of level(i) + 1 - level(j) over its transitions i → j, level being the distance from any one of its
//! states.

use super::CountMatrix;

/// A communicating class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its states, ascending.
    pub states: Vec<usize>,
    /// No way leads out: the chain ends in such a class, and has one stationary law for each.
    pub closed: bool,
    /// Greatest common divisor of the lengths of its cycles; 1 is aperiodic, 0 a state that is left for good.
    pub period: usize,
}

/// All classes of a chain.
pub fn classes(matrix: &CountMatrix) -> Vec<Class> {
    let mut tarjan = Tarjan::new(matrix.states());
    for root in 0..matrix.states() {
        tarjan.visit(matrix, root);
    }
    let member = tarjan.component;
    let mut components = vec![Vec::new(); tarjan.components];
    member.iter().enumerate().for_each(|(i, &c)| components[c].push(i));
    components
        .into_iter()
        .map(|states| {
            let inside = |j: usize| member[j] == member[states[0]];
            let closed = states.iter().all(|&i| matrix.row(i).iter().all(|&(j, _)| inside(j)));
            Class { period: period(matrix, states[0], &inside), closed, states }
        })
        .collect()
}

/// The closed classes of a chain.
pub fn closed(matrix: &CountMatrix) -> Vec<Class> {
    classes(matrix).into_iter().filter(|class| class.closed).collect()
}

const UNSEEN: usize = usize::MAX;

/// Tarjan's search with a stack of its own.
struct Tarjan {
    order: Vec<usize>,
    low: Vec<usize>,
    component: Vec<usize>,
    seen: usize,
    components: usize,
    path: Vec<usize>,
}

impl Tarjan {
    fn new(states: usize) -> Self {
        let unseen = vec![UNSEEN; states];
        Self { order: unseen.clone(), low: unseen.clone(), component: unseen, seen: 0, components: 0, path: Vec::new() }
    }

    fn open(&mut self, i: usize) {
        (self.order[i], self.low[i]) = (self.seen, self.seen);
        self.seen += 1;
        self.path.push(i);
    }

    fn visit(&mut self, matrix: &CountMatrix, root: usize) {
        if self.order[root] != UNSEEN {
            return;
        }
        self.open(root);
        // A state and how many of its ways out have been followed.
        let mut calls = vec![(root, 0)];
        while let Some((i, followed)) = calls.pop() {
            if let Some(&(j, _)) = matrix.row(i).get(followed) {
                calls.push((i, followed + 1));
                if self.order[j] == UNSEEN {
                    self.open(j);
                    calls.push((j, 0));
                } else if self.component[j] == UNSEEN {
                    self.low[i] = self.low[i].min(self.order[j]);
                }
                continue;
            }
            if self.low[i] == self.order[i] {
                while let Some(j) = self.path.pop() {
                    self.component[j] = self.components;
                    if j == i {
                        break;
                    }
                }
                self.components += 1;
            }
            if let Some(&(parent, _)) = calls.last() {
                self.low[parent] = self.low[parent].min(self.low[i]);
            }
        }
    }
}

fn period(matrix: &CountMatrix, root: usize, inside: &dyn Fn(usize) -> bool) -> usize {
    let mut level = vec![UNSEEN; matrix.states()];
    level[root] = 0;
    let (mut queue, mut period) = (std::collections::VecDeque::from([root]), 0);
    while let Some(i) = queue.pop_front() {
        for &(j, _) in matrix.row(i).iter().filter(|&&(j, _)| inside(j)) {
            if level[j] == UNSEEN {
                level[j] = level[i] + 1;
                queue.push_back(j);
            }
            period = gcd(period, (level[i] + 1).abs_diff(level[j]));
        }
    }
    period
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[usize]]) -> CountMatrix {
        CountMatrix::new(edges.len(), 0, |i, put| edges[i].iter().for_each(|&j| put(j, 1)))
    }

    #[test]
    fn known_graphs() {
        let class = |states: &[usize], closed, period| Class { states: states.to_vec(), closed, period };
        // 0 leads into a 3-cycle and into a pair with a loop.
        let mut found = classes(&graph(&[&[1, 4], &[2], &[3], &[1], &[5], &[4, 5]]));
        found.sort_by_key(|c| c.states[0]);
        assert_eq!(found, [class(&[0], false, 0), class(&[1, 2, 3], true, 3), class(&[4, 5], true, 1)]);
        // Cycles of 4 and 6 have period 2; of 2 and 3, period 1.
        assert_eq!(classes(&graph(&[&[1], &[2], &[3], &[0, 4], &[5], &[0]]))[0].period, 2);
        assert_eq!(classes(&graph(&[&[1], &[0, 2], &[0]])), [class(&[0, 1, 2], true, 1)]);
    }
}
