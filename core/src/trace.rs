//! A fixed-capacity trace of the latest values of an observable.

use heapless::Deque;

/// The last `N` values, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Trace<const N: usize>(Deque<f32, N>);

impl<const N: usize> Trace<N> {
    /// An empty trace.
    pub const fn new() -> Self {
        Self(Deque::new())
    }

    /// Append, dropping the oldest value of a full trace. A trace of capacity 0 holds nothing.
    pub fn push(&mut self, value: f64) {
        if self.0.is_full() {
            self.0.pop_front();
        }
        let _ = self.0.push_back(value as f32);
    }

    /// Values held.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nothing held yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Values, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().copied()
    }
}
