//! Little-endian numbers in and out of bytes.

/// Writes numbers one after the other; what does not fit is remembered.
pub(crate) struct Writer<'a> {
    rest: &'a mut [u8],
    written: usize,
    full: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { rest: bytes, written: 0, full: false }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        match core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            Some((here, rest)) => {
                for (slot, &byte) in here.iter_mut().zip(bytes) {
                    *slot = byte;
                }
                self.written += bytes.len();
                self.rest = rest;
            }
            None => self.full = true,
        }
    }

    pub(crate) fn u8(&mut self, x: u8) {
        self.bytes(&[x]);
    }
    pub(crate) fn u16(&mut self, x: u16) {
        self.bytes(&x.to_le_bytes());
    }
    pub(crate) fn u32(&mut self, x: u32) {
        self.bytes(&x.to_le_bytes());
    }
    pub(crate) fn u64(&mut self, x: u64) {
        self.bytes(&x.to_le_bytes());
    }
    pub(crate) fn f64(&mut self, x: f64) {
        self.u64(x.to_bits());
    }

    /// Bytes written; `None` where something did not fit.
    pub(crate) fn finish(self) -> Option<usize> {
        (!self.full).then_some(self.written)
    }
}

/// Reads numbers one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    /// 0 or 1.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.u8().filter(|&byte| byte < 2).map(|byte| byte == 1)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// `message` if nothing is left over.
    pub(crate) fn end<T>(self, message: T) -> Option<T> {
        self.0.is_empty().then_some(message)
    }
}
