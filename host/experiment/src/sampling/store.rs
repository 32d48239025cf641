//! An ensemble on disk while it grows: numbers are written where they belong, in any order, so that memory does not
//! grow with it.
//!
//! Rows are configurations, chain after chain ([`Experiment::first_row`]). Beside φ there are columns: a row's columns
//! are the state of its chain, so any row is a chain that can go on.

use std::cell::Cell;
use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;

use stoquant_core::integrator::State;
use stoquant_model::ArithKind;

use super::{Sink, locked};
use crate::experiment::{Experiment, InputError};
use crate::npy::{Header, Kind, NpzWriter};
use crate::output::sha256_of;

/// Bytes that are gathered before they are written, and that are read at a time.
const PIECE: usize = 1 << 18;

/// The name of the configurations.
pub const PHI: &str = "phi";

/// One number a row each: the number of its chain, and the chain's state after the row.
pub const COLUMNS: [(&str, Kind, usize); 5] = [
    ("chain", Kind::Unsigned, 4),
    ("sweep", Kind::Unsigned, 8),
    ("accepted", Kind::Unsigned, 8),
    ("saturations", Kind::Unsigned, 8),
    ("log_ratio", Kind::Float, 8),
];

/// How an ensemble lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One `.npz`.
    Archive,
    /// A directory with an `.npy` for each array, which numpy can map.
    Directory,
}

/// The arrays of an ensemble, columns first, φ last.
pub(super) fn headers(experiment: &Experiment) -> Vec<(&'static str, Header)> {
    let count = experiment.count;
    let columns = COLUMNS.iter().map(|&(name, kind, size)| (name, Header::new(kind, size, vec![count])));
    let shape = [&[count], &experiment.setup.extents[..]].concat();
    let phi = Header::floats(if experiment.setup.arith == ArithKind::F64 { 8 } else { 4 }, shape);
    columns.chain([(PHI, phi)]).collect()
}

/// Where an array lies: in which file, its first byte, and the bytes of a row.
#[derive(Debug)]
struct Place {
    file: usize,
    offset: u64,
    row: usize,
}

/// The files of an ensemble, and where its arrays lie in them.
#[derive(Debug)]
struct Layout {
    /// Names within a directory; one without a name is the archive itself.
    files: Vec<Option<String>>,
    /// Bytes of each file up to the end of its last array.
    sizes: Vec<u64>,
    places: Vec<Place>,
}

impl Layout {
    fn new(headers: &[(&'static str, Header)], form: Form) -> Result<Self> {
        let row = |header: &Header| header.size * header.shape[1..].iter().product::<usize>();
        let bytes = |header: &Header| header.bytes().ok_or_else(|| Error::other("more than 2^64 bytes"));
        let mut layout = Self { files: vec![], sizes: vec![], places: vec![] };
        if form == Form::Directory {
            for (file, (name, header)) in headers.iter().enumerate() {
                let offset = header.encode().len() as u64;
                layout.files.push(Some(format!("{name}.npy")));
                layout.sizes.push(offset + bytes(header)?);
                layout.places.push(Place { file, offset, row: row(header) });
            }
            return Ok(layout);
        }
        // What the archive's writer would do, without a file. φ is last, so that its length moves nothing.
        let position = Rc::new(Cell::new(0));
        let mut npz = NpzWriter::new(Nowhere { position: position.clone(), end: 0 });
        let (mut end, zeros) = (0, vec![0; PIECE]);
        for (name, header) in headers {
            npz.start(name, header)?;
            layout.places.push(Place { file: 0, offset: position.get(), row: row(header) });
            end = position.get() + bytes(header)?;
            if *name != PHI {
                let mut left = (end - position.get()) as usize;
                while left > 0 {
                    let here = left.min(PIECE);
                    npz.data(&zeros[..here])?;
                    left -= here;
                }
            }
        }
        layout.files.push(None);
        layout.sizes.push(end);
        Ok(layout)
    }
}

/// Rows of one chain that wait to be written: where they begin, and the bytes of each array.
#[derive(Debug, Default)]
struct Waiting {
    row: usize,
    arrays: Vec<Vec<u8>>,
}

/// The files, open. Rows of different chains may be put from different threads.
pub struct Store {
    path: PathBuf,
    form: Form,
    headers: Vec<(&'static str, Header)>,
    layout: Layout,
    files: Vec<Mutex<File>>,
    waiting: Vec<Mutex<Waiting>>,
    /// First row of each chain.
    rows: Vec<usize>,
    first_chain: u32,
}

impl Store {
    /// New files of their full length, without numbers. What was there under these names goes.
    pub fn create(path: &Path, experiment: &Experiment, form: Form) -> Result<Self> {
        if form == Form::Directory {
            std::fs::create_dir_all(path)?;
        }
        let options = File::options().read(true).write(true).create(true).truncate(true).clone();
        let store = Self::with(path, experiment, form, &options)?;
        for (file, &size) in store.files.iter().zip(&store.layout.sizes) {
            locked(file).set_len(size)?;
        }
        Ok(store)
    }

    /// The files of a run that was interrupted; refused unless each has its length.
    pub fn open(path: &Path, experiment: &Experiment, form: Form) -> Result<Self> {
        let store = Self::with(path, experiment, form, File::options().read(true).write(true))?;
        for (file, &size) in store.files.iter().zip(&store.layout.sizes) {
            let found = locked(file).metadata()?.len();
            // An archive that was being completed goes on behind its arrays.
            if found < size || (found > size && form == Form::Directory) {
                return Err(Error::other(format!("damaged: {found} bytes where there were {size}")));
            }
        }
        Ok(store)
    }

    fn with(path: &Path, experiment: &Experiment, form: Form, options: &std::fs::OpenOptions) -> Result<Self> {
        let headers = headers(experiment);
        let layout = Layout::new(&headers, form)?;
        let name = |file: &Option<String>| file.as_ref().map_or(path.to_owned(), |name| path.join(name));
        let files = layout.files.iter().map(|file| options.open(name(file)).map(Mutex::new)).collect::<Result<_>>()?;
        let store = Self {
            path: path.to_owned(),
            form,
            files,
            waiting: (0..experiment.chains).map(|_| Mutex::default()).collect(),
            rows: (0..experiment.chains).map(|chain| experiment.first_row(chain)).collect(),
            first_chain: experiment.first_chain,
            headers,
            layout,
        };
        if form == Form::Directory {
            for (place, (_, header)) in store.layout.places.iter().zip(&store.headers) {
                store.write_at(place.file, 0, &header.encode())?;
            }
        }
        Ok(store)
    }

    /// Bytes that the files will take, to within a kilobyte.
    pub fn bytes(experiment: &Experiment) -> u64 {
        let arrays = headers(experiment);
        arrays.iter().fold(0, |sum, (_, header)| header.bytes().unwrap_or(u64::MAX).saturating_add(sum))
    }

    /// What went wrong with its files.
    pub fn failed(&self, error: &Error) -> InputError {
        InputError(format!("cannot write {}: {error}", self.path.display()))
    }

    fn append(&self, place: usize, draw: usize, phi: &[f64], state: &State) -> Result<()> {
        let mut waiting = locked(&self.waiting[place]);
        let row = self.rows[place] + draw;
        if waiting.arrays.is_empty() {
            *waiting = Waiting { row, arrays: vec![Vec::new(); self.headers.len()] };
        }
        let chain = self.first_chain + place as u32;
        let State { step, clipped, accepted, log_ratio } = *state;
        let [chains, sweeps, accepts, clips, ratios, fields] = &mut waiting.arrays[..] else {
            return Err(Error::other("columns and state do not fit"));
        };
        chains.extend(chain.to_le_bytes());
        sweeps.extend(step.to_le_bytes());
        accepts.extend(accepted.to_le_bytes());
        clips.extend(clipped.to_le_bytes());
        ratios.extend(log_ratio.to_le_bytes());
        if self.phi().1.size == 4 {
            fields.extend(phi.iter().flat_map(|&phi| (phi as f32).to_le_bytes()));
        } else {
            fields.extend(phi.iter().flat_map(|&phi| phi.to_le_bytes()));
        }
        if fields.len() >= PIECE { self.write(&mut waiting) } else { Ok(()) }
    }

    fn write(&self, waiting: &mut Waiting) -> Result<()> {
        for (at, bytes) in self.layout.places.iter().zip(&waiting.arrays) {
            self.write_at(at.file, at.offset + (waiting.row * at.row) as u64, bytes)?;
        }
        *waiting = Waiting::default();
        Ok(())
    }

    /// Puts rows of an array that come from another ensemble, as they lie there.
    pub(super) fn put_bytes(&self, array: usize, row: usize, bytes: &[u8]) -> Result<()> {
        let place = &self.layout.places[array];
        self.write_at(place.file, place.offset + (row * place.row) as u64, bytes)
    }

    fn phi(&self) -> (&Place, &Header) {
        let last = self.headers.len() - 1;
        (&self.layout.places[last], &self.headers[last].1)
    }

    /// Calls `each` with the configurations of rows, in order.
    pub fn fields(&self, rows: Range<usize>, mut each: impl FnMut(&[f64])) -> Result<()> {
        let (place, header) = self.phi();
        let mut phi = Vec::with_capacity(place.row / header.size);
        let together = (PIECE / place.row).max(1);
        let mut bytes = vec![0; together * place.row];
        for first in rows.clone().step_by(together) {
            let here = &mut bytes[..together.min(rows.end - first) * place.row];
            self.read_at(place, first, here)?;
            for row in here.chunks_exact(place.row) {
                phi.clear();
                match header.size {
                    4 => phi.extend(row.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes)))),
                    _ => phi.extend(row.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes))),
                }
                each(&phi);
            }
        }
        Ok(())
    }

    /// The state of the chain of a row.
    pub fn state(&self, row: usize) -> Result<State> {
        let mut words = [0; 4];
        for (word, place) in words.iter_mut().zip(&self.layout.places[1..]) {
            let mut bytes = [0; 8];
            self.read_at(place, row, &mut bytes)?;
            *word = u64::from_le_bytes(bytes);
        }
        let [step, accepted, clipped, ratio] = words;
        Ok(State { step, clipped, accepted, log_ratio: f64::from_bits(ratio) })
    }

    /// What was written is on the disk.
    pub fn sync(&self) -> Result<()> {
        self.files.iter().try_for_each(|file| locked(file).sync_data())
    }

    /// All rows are there: completes the files. The SHA-256 of the archive, or of the directory's `phi.npy`.
    pub fn seal(&self) -> Result<String> {
        if self.form == Form::Archive {
            self.seal_archive()?;
        }
        self.sync()?;
        let mut file = File::open(match self.form {
            Form::Archive => self.path.clone(),
            Form::Directory => self.path.join(format!("{PHI}.npy")),
        })?;
        sha256_of(&mut file)
    }

    /// Headers, check sums and directory, around the numbers that are there already.
    fn seal_archive(&self) -> Result<()> {
        let arrays = self.layout.places.iter().zip(&self.headers);
        let range = |(place, (_, header)): (&Place, &(_, Header))| {
            place.offset..place.offset + (header.shape[0] * place.row) as u64
        };
        let written = arrays.clone().map(range).collect();
        let file = File::options().write(true).open(&self.path)?;
        let mut npz = NpzWriter::new(Around { file, position: 0, written });
        let mut piece = vec![0; PIECE];
        for (place, (name, header)) in arrays {
            npz.start(name, header)?;
            let mut left = header.shape[0] * place.row;
            let mut file = locked(&self.files[place.file]);
            file.seek(SeekFrom::Start(place.offset))?;
            while left > 0 {
                let here = left.min(PIECE);
                file.read_exact(&mut piece[..here])?;
                npz.data(&piece[..here])?;
                left -= here;
            }
        }
        npz.finish().map(drop)
    }

    fn write_at(&self, file: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = locked(&self.files[file]);
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn read_at(&self, place: &Place, row: usize, bytes: &mut [u8]) -> Result<()> {
        let mut file = locked(&self.files[place.file]);
        file.seek(SeekFrom::Start(place.offset + (row * place.row) as u64))?;
        file.read_exact(bytes)
    }
}

impl Sink for Store {
    fn put(&self, place: usize, draw: usize, phi: &[f64], state: &State) -> std::result::Result<(), InputError> {
        self.append(place, draw, phi, state).map_err(|error| self.failed(&error))
    }
    fn flush(&self, place: usize) -> std::result::Result<(), InputError> {
        self.write(&mut locked(&self.waiting[place])).map_err(|error| self.failed(&error))
    }
    fn field(&self, place: usize, draw: usize) -> std::result::Result<Vec<f64>, InputError> {
        let (row, mut field) = (self.rows[place] + draw, Vec::new());
        self.fields(row..row + 1, |phi| field.extend_from_slice(phi)).map_err(|error| self.failed(&error))?;
        Ok(field)
    }
}

/// A file of which nothing is kept but the position.
struct Nowhere {
    position: Rc<Cell<u64>>,
    end: u64,
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.position.update(|position| position + bytes.len() as u64);
        self.end = self.end.max(self.position.get());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Seek for Nowhere {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.position.set(target(to, self.position.get(), self.end)?);
        Ok(self.position.get())
    }
}

/// A file that is written around ranges, which hold already what would be written there.
struct Around {
    file: File,
    position: u64,
    written: Vec<Range<u64>>,
}

impl Write for Around {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let next = self.written.iter().find(|range| self.position < range.end && !range.is_empty());
        let (end, there) = match next {
            Some(range) if range.contains(&self.position) => (range.end, true),
            Some(range) => (range.start, false),
            None => (u64::MAX, false),
        };
        let count = (bytes.len() as u64).min(end - self.position) as usize;
        if !there {
            self.file.seek(SeekFrom::Start(self.position))?;
            self.file.write_all(&bytes[..count])?;
        }
        self.position += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Seek for Around {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.position = target(to, self.position, self.file.metadata()?.len())?;
        Ok(self.position)
    }
}

fn target(to: SeekFrom, position: u64, end: u64) -> Result<u64> {
    let (from, by) = match to {
        SeekFrom::Start(target) => return Ok(target),
        SeekFrom::Current(by) => (position, by),
        SeekFrom::End(by) => (end, by),
    };
    from.checked_add_signed(by).ok_or_else(|| Error::other("a position before the start"))
}
