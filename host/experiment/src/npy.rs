//! The formats of numpy: one array (`.npy`), or several in a zip archive (`.npz`).
//!
//! What a header says is compared with the bytes that are there before anything is allocated; arrays are read and
//! written in pieces, so that neither takes memory beyond the numbers themselves. Source: the NPY format of numpy,
//! `numpy.lib.format`, versions 1 to 3.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, Write};
use std::path::Path;

use py_literal::Value;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::resources;

/// The longest header that is read: five extents take a hundred bytes.
const LONGEST_HEADER: usize = 1 << 16;

/// Bytes that are read or written at a time.
const PIECE: usize = 1 << 16;

/// From here on an entry of an archive needs the format's large-file fields.
const LARGE: u64 = (1 << 32) - (1 << 16);

/// Deflate makes no more than this of a byte.
const DEFLATE: u64 = 1032;

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A float of 4 or 8 bytes.
    Float,
    /// A signed integer of 1, 2, 4 or 8 bytes.
    Signed,
    /// An unsigned integer of 1, 2, 4 or 8 bytes.
    Unsigned,
}

/// The header of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What its numbers are.
    pub kind: Kind,
    /// Bytes of a number.
    pub size: usize,
    /// Most significant byte first.
    pub big_endian: bool,
    /// First index fastest.
    pub fortran: bool,
    /// Extents.
    pub shape: Vec<usize>,
}

impl Header {
    /// The array `shape` of numbers of `size` bytes, as this program writes it.
    pub fn new(kind: Kind, size: usize, shape: Vec<usize>) -> Self {
        Self { kind, size, big_endian: false, fortran: false, shape }
    }

    /// The array `shape` of floats of `size` bytes, as this program writes it.
    pub fn floats(size: usize, shape: Vec<usize>) -> Self {
        Self::new(Kind::Float, size, shape)
    }

    /// Numbers in all; `None` where they do not fit 64 bits.
    fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |count, &extent| count.checked_mul(extent))
    }

    /// Bytes of all numbers.
    pub(crate) fn bytes(&self) -> Option<u64> {
        Some(self.count()?.checked_mul(self.size)? as u64)
    }

    /// Read the header, up to the first number.
    fn read(reader: &mut impl Read) -> Result<Self, String> {
        let mut bytes = |count: usize| {
            let mut bytes = vec![0; count];
            reader.read_exact(&mut bytes).map(|()| bytes).map_err(|e| match e.kind() {
                ErrorKind::UnexpectedEof => "cut off within its header".to_owned(),
                _ => format!("cannot read: {}", line(&e)),
            })
        };
        let start = bytes(8)?;
        let (magic, version) = start.split_at(6);
        if magic != MAGIC {
            return Err("not an array of numpy: it does not begin with \\x93NUMPY".into());
        }
        let length = match version[0] {
            1 => bytes(2)?.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte)),
            2 | 3 => bytes(4)?.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte)),
            other => return Err(format!("version {other} of numpy's format: versions 1 to 3 are known")),
        };
        if length > LONGEST_HEADER {
            return Err(format!("damaged: a header of {length} bytes"));
        }
        let text = String::from_utf8(bytes(length)?).map_err(|_| "damaged: its header is no text".to_owned())?;
        Self::parse(&text)
    }

    /// From the text of a header: `{'descr': '<f8', 'fortran_order': False, 'shape': (40, 8, 8), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let shown = || text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect::<String>();
        let damaged = || format!("damaged: its header is {:?}", shown());
        // Python 2 wrote u'<f8' and 40L.
        let mut modern = String::with_capacity(text.len());
        let mut before = ' ';
        for c in text.trim_end().replace("u'", "'").chars() {
            if !(c == 'L' && before.is_ascii_digit()) {
                modern.push(c);
            }
            before = c;
        }
        let Ok(Value::Dict(entries)) = modern.parse::<Value>() else { return Err(damaged()) };
        let value = |key: &str| {
            let found = entries.iter().find(|(name, _)| matches!(name, Value::String(name) if name == key));
            found.map(|(_, value)| value).ok_or_else(damaged)
        };
        let (Value::Boolean(fortran), Value::Tuple(extents)) = (value("fortran_order")?, value("shape")?) else {
            return Err(damaged());
        };
        let extent = |value: &Value| match value {
            Value::Integer(n) => usize::try_from(n).map_err(|_| format!("extent {n} in its header: must be 0 to 2^64")),
            _ => Err(damaged()),
        };
        let shape = extents.iter().map(extent).collect::<Result<Vec<_>, _>>()?;
        let Value::String(descr) = value("descr")? else {
            return Err("an array of records: an array of numbers is needed".into());
        };
        let unknown = || format!("type {descr:?}: floats of 4 or 8 bytes, or integers, are needed");
        let (kind, size) = match descr.trim_start_matches(['<', '>', '|', '=']) {
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            rest => {
                let (kind, size) = rest.split_at_checked(1).ok_or_else(unknown)?;
                let kind = match kind {
                    "i" => Kind::Signed,
                    "u" => Kind::Unsigned,
                    _ => return Err(unknown()),
                };
                (
                    kind,
                    ["1", "2", "4", "8"].iter().position(|&known| known == size).map(|n| 1 << n).ok_or_else(unknown)?,
                )
            }
        };
        Ok(Self { kind, size, big_endian: descr.starts_with('>'), fortran: *fortran, shape })
    }

    /// As bytes, padded so that the numbers begin at a multiple of 64.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let order = if self.size == 1 { '|' } else { '<' };
        let kind = match self.kind {
            Kind::Float => 'f',
            Kind::Signed => 'i',
            Kind::Unsigned => 'u',
        };
        let extents: String = self.shape.iter().map(|extent| format!("{extent}, ")).collect();
        let shape = if self.shape.len() == 1 { extents.trim_end() } else { extents.trim_end_matches(", ") };
        let mut text =
            format!("{{'descr': '{order}{kind}{}', 'fortran_order': False, 'shape': ({shape}), }}", self.size);
        while !(MAGIC.len() + 4 + text.len() + 1).is_multiple_of(64) {
            text.push(' ');
        }
        text.push('\n');
        let length = (text.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length, text.as_bytes()].concat()
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// The first line of an error.
fn line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// An array whose header has been read, and compared with the bytes behind it.
pub struct Array<R> {
    /// Its header.
    pub header: Header,
    reader: R,
}

impl<R: Read> Array<R> {
    /// Read the header of an array of which `bytes` are there in all, and can be read at most.
    fn open(reader: R, bytes: u64) -> Result<Self, String> {
        let mut reader = Counted { reader, count: 0 };
        let header = Header::read(&mut reader)?;
        let (found, shape) = (bytes.saturating_sub(reader.count), &header.shape);
        let needed = || format!("shape {shape:?} of {}-byte numbers", header.size);
        let expected =
            header.bytes().ok_or_else(|| format!("{} needs more bytes than there are numbers for", needed()))?;
        if expected != found {
            let what = if expected > found { "cut off" } else { "extended" };
            return Err(format!("{what}: {} takes {expected} bytes, and {found} follow the header", needed()));
        }
        Ok(Self { header, reader: reader.reader })
    }

    /// Numbers one by one, `put` in the order of the file.
    fn each<const N: usize>(mut self, mut put: impl FnMut([u8; N]) -> Result<(), String>) -> Result<(), String> {
        let mut left = self.header.count().unwrap_or(0);
        let mut piece = vec![[0; N]; PIECE / N];
        while left > 0 {
            let here = left.min(piece.len());
            self.fill(piece[..here].as_flattened_mut(), (left * N) as u64)?;
            for number in &mut piece[..here] {
                if self.header.big_endian {
                    number.reverse();
                }
                put(*number)?;
            }
            left -= here;
        }
        self.end()
    }

    /// All numbers, first index slowest; refused where they are no floats, or do not fit into memory.
    pub fn floats(self) -> Result<Vec<f64>, String> {
        let (header, count) = (self.header.clone(), self.header.count().unwrap_or(usize::MAX));
        if header.kind != Kind::Float {
            return Err("an array of integers: 32- or 64-bit floats are needed".into());
        }
        // In the other order there are two of them for a while.
        let copies = if header.fortran { 2 } else { 1 };
        let mut out = resources::vector(count, copies)?;
        match header.size {
            4 => self.each::<4>(|number| {
                out.push(f64::from(f32::from_le_bytes(number)));
                Ok(())
            })?,
            _ => self.each::<8>(|number| {
                out.push(f64::from_le_bytes(number));
                Ok(())
            })?,
        }
        Ok(if header.fortran { transposed(&out, &header.shape) } else { out })
    }

    /// Floats in whole rows of `row` numbers, some rows at a time, first index slowest.
    pub(crate) fn float_rows(
        self,
        row: usize,
        mut put: impl FnMut(&[f64]) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.header.fortran || self.header.kind != Kind::Float {
            return put(&self.floats()?);
        }
        let (big, size) = (self.header.big_endian, self.header.size);
        let mut floats = Vec::new();
        self.pieces(row * size, |bytes| {
            floats.clear();
            match (size, big) {
                (4, false) => floats.extend(bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b)))),
                (4, true) => floats.extend(bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_be_bytes(b)))),
                (_, false) => floats.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b))),
                (_, true) => floats.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_be_bytes(b))),
            }
            put(&floats)
        })
    }

    /// A column of integers of any type, where its values are 0 to 2^32 - 1.
    pub fn column(self) -> Result<Vec<u32>, String> {
        if self.header.shape.len() != 1 {
            return Err(format!("shape {:?}: one number for each configuration is needed", self.header.shape));
        }
        self.integers("0 to 2^32 - 1")
    }

    /// Integers of any type and shape, first index slowest, where `T` holds them; `range` says what it holds.
    pub(crate) fn integers<T: TryFrom<i128>>(self, range: &str) -> Result<Vec<T>, String> {
        let (header, count) = (self.header.clone(), self.header.count().unwrap_or(usize::MAX));
        let mut out = resources::vector(count, 1)?;
        let mut put = |value: i128| match T::try_from(value) {
            Ok(value) => {
                out.push(value);
                Ok(())
            }
            Err(_) => Err(format!("number {} is {value}: must be {range}", out.len())),
        };
        match (header.kind, header.size) {
            (Kind::Float, _) => return Err("an array of floats: integers are needed".into()),
            (Kind::Signed, 1) => self.each::<1>(|n| put(i8::from_le_bytes(n).into()))?,
            (Kind::Signed, 2) => self.each::<2>(|n| put(i16::from_le_bytes(n).into()))?,
            (Kind::Signed, 4) => self.each::<4>(|n| put(i32::from_le_bytes(n).into()))?,
            (Kind::Signed, _) => self.each::<8>(|n| put(i64::from_le_bytes(n).into()))?,
            (Kind::Unsigned, 1) => self.each::<1>(|n| put(u8::from_le_bytes(n).into()))?,
            (Kind::Unsigned, 2) => self.each::<2>(|n| put(u16::from_le_bytes(n).into()))?,
            (Kind::Unsigned, 4) => self.each::<4>(|n| put(u32::from_le_bytes(n).into()))?,
            (Kind::Unsigned, _) => self.each::<8>(|n| put(u64::from_le_bytes(n).into()))?,
        }
        Ok(out)
    }

    /// The bytes of all numbers, in the order of the file, in pieces of a whole number of `unit` bytes.
    pub(crate) fn pieces(
        mut self,
        unit: usize,
        mut put: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut left = self.header.bytes().unwrap_or(0);
        let mut piece = vec![0; (PIECE / unit).max(1) * unit];
        while left > 0 {
            let here = left.min(piece.len() as u64) as usize;
            self.fill(&mut piece[..here], left)?;
            put(&piece[..here])?;
            left -= here as u64;
        }
        self.end()
    }

    /// Reads `bytes`, of `left` that are still to come.
    fn fill(&mut self, bytes: &mut [u8], left: u64) -> Result<(), String> {
        self.reader.read_exact(bytes).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => format!("cut off: {left} bytes are missing"),
            ErrorKind::InvalidData | ErrorKind::Other => format!("damaged: {}", line(&e)),
            _ => format!("cannot read: {}", line(&e)),
        })
    }

    /// An archive compares its check sum when it meets the end.
    fn end(mut self) -> Result<(), String> {
        self.reader.read(&mut [0]).map(drop).map_err(|e| format!("damaged: {}", line(&e)))
    }
}

/// From first index fastest to first index slowest.
fn transposed(numbers: &[f64], shape: &[usize]) -> Vec<f64> {
    let strides: Vec<usize> =
        shape.iter().scan(1, |stride, &extent| Some(std::mem::replace(stride, *stride * extent))).collect();
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(numbers.len());
    for _ in 0..numbers.len() {
        out.push(numbers[index.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>()]);
        for (i, &extent) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < extent {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// Counts the bytes that were read.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// A file of either format.
pub enum Source {
    /// One array.
    Npy(Box<Array<BufReader<File>>>),
    /// Several, by name.
    Npz(Npz),
}

impl Source {
    /// Open a file, which is known by its first bytes.
    pub fn open(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|e| format!("cannot open: {e}"))?;
        let known = file.metadata().map_err(|e| format!("cannot read: {e}"))?;
        if !known.is_file() {
            return Err("cannot read: not a regular file".into());
        }
        let mut magic = [0; 6];
        let mut filled = 0;
        while filled < magic.len() {
            match file.read(&mut magic[filled..]).map_err(|e| format!("cannot read: {e}"))? {
                0 => break,
                count => filled += count,
            }
        }
        file.rewind().map_err(|e| format!("cannot read: {e}"))?;
        match &magic[..filled] {
            [b'P', b'K', 3, 4, ..] => Npz::open(file, known.len()).map(Self::Npz),
            start if start == MAGIC => {
                Array::open(BufReader::with_capacity(PIECE, file), known.len()).map(|array| Self::Npy(Box::new(array)))
            }
            _ => Err("neither .npz nor .npy".into()),
        }
    }
}

/// An archive of arrays.
pub struct Npz {
    archive: ZipArchive<BufReader<File>>,
    /// Bytes of the file.
    bytes: u64,
}

impl Npz {
    fn open(file: File, bytes: u64) -> Result<Self, String> {
        let archive = ZipArchive::new(BufReader::with_capacity(PIECE, file)).map_err(|e| broken(&e, bytes))?;
        Ok(Self { archive, bytes })
    }

    /// The names of the arrays, without `.npy`.
    pub fn names(&self) -> Result<Vec<String>, String> {
        let bare = |name: &str| name.strip_suffix(".npy").unwrap_or(name).to_owned();
        self.archive.file_names().map(|name| name.map(|name| bare(&name)).map_err(|e| broken(&e, self.bytes))).collect()
    }

    /// The array of a name; `None` where there is none.
    pub fn array(&mut self, name: &str) -> Result<Option<Array<impl Read>>, String> {
        let bytes = self.bytes;
        let full = format!("{name}.npy");
        let Some(index) = self.archive.index_for_name(&full).or_else(|| self.archive.index_for_name(name)) else {
            return Ok(None);
        };
        let entry = self.archive.by_index(index).map_err(|e| broken(&e, bytes))?;
        let (packed, size) = (entry.compressed_size(), entry.size());
        let most = if entry.compression() == CompressionMethod::Stored { 1 } else { DEFLATE };
        if packed > bytes || size > packed.saturating_mul(most) {
            return Err(format!("damaged: {size} bytes are said to lie in {packed} of a file of {bytes}"));
        }
        Array::open(entry, size).map(Some)
    }
}

fn broken(error: &ZipError, bytes: u64) -> String {
    match error {
        ZipError::UnsupportedArchive(_) => format!("an .npz that cannot be read: {}", line(error)),
        _ => format!("a cut or damaged .npz of {bytes} bytes: {}", line(error)),
    }
}

/// Writes arrays into an archive, one after the other. The bytes follow from the arrays alone.
pub struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// Into a new file.
    pub fn new(writer: W) -> Self {
        Self { zip: ZipWriter::new(writer) }
    }

    /// Add an array of as many numbers as its header says; `numbers` gives each as bytes, least significant first.
    pub fn add<const N: usize>(
        &mut self,
        name: &str,
        header: &Header,
        numbers: impl Iterator<Item = [u8; N]>,
    ) -> std::io::Result<()> {
        self.start(name, header)?;
        let mut piece = Vec::with_capacity(PIECE);
        for number in numbers {
            piece.extend(number);
            if piece.len() >= PIECE {
                self.data(&piece)?;
                piece.clear();
            }
        }
        self.data(&piece)
    }

    /// Begin an array, whose numbers follow by [`data`](Self::data).
    pub(crate) fn start(&mut self, name: &str, header: &Header) -> std::io::Result<()> {
        let start = header.encode();
        let large = header.bytes().is_none_or(|bytes| bytes + start.len() as u64 >= LARGE);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .large_file(large);
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(&start)
    }

    /// More bytes of the array that was begun.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.zip.write_all(bytes)
    }

    /// Complete the archive.
    pub fn finish(self) -> std::io::Result<W> {
        Ok(self.zip.finish()?)
    }
}

#[cfg(test)]
mod tests;
