//! The layer itself: a VFS of SQLite that hands everything on to the operating system's.
//!
//! SQLite: [the OS interface](https://www.sqlite.org/vfs.html).

use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_void},
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr::null_mut,
    sync::Once,
};

use libsqlite3_sys as ffi;

use crate::disk::{Content, Fault, Written, folders};

/// An open file: what SQLite sees of it, then ours. The operating system's file lies behind it in the
/// same piece of memory, which SQLite allocates by `szOsFile`.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// Of a database or its log, the folder and the name: a box that `close` frees. Else null.
    tracked: *mut Tracked,
}

struct Tracked {
    folder: PathBuf,
    name: String,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Shared memory, and no memory-mapped files: writes to those would not be seen here.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Puts the layer in place for every database that this process opens from now on.
///
/// # Panics
///
/// If SQLite has no VFS of the operating system.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite is threadsafe, and initialises itself. The VFS that it gives is there for good.
        let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        assert!(!system.is_null(), "SQLite has no VFS");
        // SAFETY: it was checked, and SQLite gives out VFSs that are whole.
        let of_system = unsafe { &*system };
        let own = Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<File>()).expect("it is small") + of_system.szOsFile,
            mxPathname: of_system.mxPathname,
            pNext: null_mut(),
            zName: c"segno-faults".as_ptr(),
            pAppData: system.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: what is registered is never freed.
        let registered = unsafe { ffi::sqlite3_vfs_register(Box::leak(own), 1) };
        assert_eq!(registered, ffi::SQLITE_OK, "the VFS is not registered");
    });
}

/// The operating system's file behind one of ours.
///
/// # Safety
///
/// `file` was allocated with the size that our VFS asks for.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: as promised, there is a second file behind the first.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// Calls a method of the operating system's file.
macro_rules! hand_on {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls methods of files that `open` has opened, so that the inner one is open.
        unsafe {
            let inner = inner($file);
            let method = (*(*inner).pMethods).$method;
            method.expect("a system file has every method")(inner, $($argument),*)
        }
    }};
}

/// Calls a method of the operating system's VFS.
macro_rules! hand_on_vfs {
    ($vfs:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls methods of the VFS that `install` has registered with the system's.
        unsafe {
            let system = (*$vfs).pAppData.cast::<ffi::sqlite3_vfs>();
            (*system).$method.expect("a system VFS has every method")(system, $($argument),*)
        }
    }};
}

/// What is known of an open file, if it is a database or its log.
///
/// # Safety
///
/// `file` was opened by `open`, and is not closed.
unsafe fn tracked<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Tracked> {
    // SAFETY: `open` puts a box there or null, and `close` alone frees it.
    unsafe { (*file.cast::<File>()).tracked.as_ref() }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a path that ends with a zero, or null.
    let path = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    let path = path.map(|path| Path::new(OsStr::from_bytes(path.to_bytes())));
    let kinds = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
    let tracked = path.filter(|_| flags & kinds != 0).map(track);
    let flags = match tracked.as_ref().is_some_and(is_read_only) {
        true => {
            let writing = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE;
            flags & !writing | ffi::SQLITE_OPEN_READONLY
        }
        false => flags,
    };
    // SAFETY: SQLite has allocated `szOsFile` bytes for the file.
    let inner = unsafe { inner(file) };
    let opened = hand_on_vfs!(vfs.xOpen(name, inner, flags, out_flags));
    let own = File {
        base: ffi::sqlite3_file {
            pMethods: match opened {
                ffi::SQLITE_OK => &raw const METHODS,
                // SQLite closes nothing that has no methods.
                _ => std::ptr::null(),
            },
        },
        tracked: match (opened, tracked) {
            (ffi::SQLITE_OK, Some(tracked)) => Box::into_raw(Box::new(tracked)),
            _ => null_mut(),
        },
    };
    // SAFETY: as above.
    unsafe { file.cast::<File>().write(own) };
    opened
}

/// Begins to know a file. What is in it already has been there for long.
fn track(path: &Path) -> Tracked {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let mut folders = folders();
    let files = &mut folders.entry(folder.clone()).or_default().files;
    files
        .entry(name.clone())
        .or_insert_with(|| Content::durable(fs::read(path).unwrap_or_default()));
    Tracked { folder, name }
}

fn is_read_only(tracked: &Tracked) -> bool {
    let folders = folders();
    let folder = folders.get(&tracked.folder);
    folder.is_some_and(|folder| folder.fault == Some(Fault::ReadOnly))
}

/// Does something to a file, and puts it down if it worked.
///
/// # Safety
///
/// As of [`tracked`].
unsafe fn changing(
    file: *mut ffi::sqlite3_file,
    refusal: impl FnOnce(Fault) -> Option<c_int>,
    change: impl FnOnce() -> c_int,
    put_down: impl FnOnce(&mut Content),
) -> c_int {
    // SAFETY: as promised.
    let Some(tracked) = (unsafe { tracked(file) }) else {
        return change();
    };
    let mut folders = folders();
    let folder = folders.entry(tracked.folder.clone()).or_default();
    if let Some(refused) = folder.fault.and_then(refusal) {
        if refused == ffi::SQLITE_IOERR_FSYNC {
            let content = folder.files.entry(tracked.name.clone());
            content.or_default().forget();
        }
        return refused;
    }
    let changed = change();
    if changed == ffi::SQLITE_OK {
        put_down(folder.files.entry(tracked.name.clone()).or_default());
    }
    changed
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let refusal = |fault| match fault {
        Fault::Full => Some(ffi::SQLITE_FULL),
        Fault::WriteFails => Some(ffi::SQLITE_IOERR_WRITE),
        Fault::SyncFails | Fault::ReadOnly => None,
    };
    let change = || hand_on!(file.xWrite(bytes, length, offset));
    let put_down = |content: &mut Content| {
        let length = usize::try_from(length).expect("a length is not negative");
        // SAFETY: SQLite has given so many bytes to be written.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        content.write(Written::Bytes {
            offset: usize::try_from(offset).expect("an offset is not negative"),
            bytes: bytes.to_vec(),
        });
    };
    // SAFETY: SQLite calls methods of files that `open` has opened.
    unsafe { changing(file, refusal, change, put_down) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    let change = || hand_on!(file.xTruncate(length));
    let put_down = |content: &mut Content| {
        let length = usize::try_from(length).expect("a length is not negative");
        content.write(Written::Length(length));
    };
    // SAFETY: SQLite calls methods of files that `open` has opened.
    unsafe { changing(file, |_| None, change, put_down) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let refusal = |fault| (fault == Fault::SyncFails).then_some(ffi::SQLITE_IOERR_FSYNC);
    let change = || hand_on!(file.xSync(flags));
    // SAFETY: SQLite calls methods of files that `open` has opened.
    let synced = unsafe { changing(file, refusal, change, Content::sync) };
    // SAFETY: as above.
    if let (ffi::SQLITE_OK, Some(tracked)) = (synced, unsafe { tracked(file) }) {
        folders().entry(tracked.folder.clone()).or_default().syncs += 1;
    }
    synced
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and `open` has put a box there or null.
    unsafe {
        let tracked = std::mem::replace(&mut (*file.cast::<File>()).tracked, null_mut());
        if !tracked.is_null() {
            drop(Box::from_raw(tracked));
        }
    }
    hand_on!(file.xClose())
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a path that ends with a zero.
    let path = Path::new(OsStr::from_bytes(
        unsafe { CStr::from_ptr(name) }.to_bytes(),
    ));
    let mut folders = folders();
    let folder = path.parent().and_then(|folder| folders.get_mut(folder));
    if let (Some(folder), Some(name)) = (folder, path.file_name()) {
        folder.files.remove(&*name.to_string_lossy());
    }
    hand_on_vfs!(vfs.xDelete(name, sync_folder))
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    bytes: *mut c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    hand_on!(file.xRead(bytes, length, offset))
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    hand_on!(file.xFileSize(size))
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    hand_on!(file.xLock(level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    hand_on!(file.xUnlock(level))
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    result: *mut c_int,
) -> c_int {
    hand_on!(file.xCheckReservedLock(result))
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    hand_on!(file.xFileControl(operation, argument))
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    hand_on!(file.xSectorSize())
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    hand_on!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    page_bytes: c_int,
    extend: c_int,
    memory: *mut *mut c_void,
) -> c_int {
    hand_on!(file.xShmMap(page, page_bytes, extend, memory))
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    hand_on!(file.xShmLock(offset, count, flags))
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    hand_on!(file.xShmBarrier())
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    hand_on!(file.xShmUnmap(delete))
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    hand_on_vfs!(vfs.xAccess(name, flags, result))
}

unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    length: c_int,
    full: *mut c_char,
) -> c_int {
    hand_on_vfs!(vfs.xFullPathname(name, length, full))
}

unsafe extern "C" fn randomness(
    vfs: *mut ffi::sqlite3_vfs,
    length: c_int,
    bytes: *mut c_char,
) -> c_int {
    hand_on_vfs!(vfs.xRandomness(length, bytes))
}

unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    hand_on_vfs!(vfs.xSleep(microseconds))
}

unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, time: *mut f64) -> c_int {
    hand_on_vfs!(vfs.xCurrentTime(time))
}

unsafe extern "C" fn current_time_int64(
    vfs: *mut ffi::sqlite3_vfs,
    time: *mut ffi::sqlite3_int64,
) -> c_int {
    hand_on_vfs!(vfs.xCurrentTimeInt64(time))
}

unsafe extern "C" fn last_error(
    vfs: *mut ffi::sqlite3_vfs,
    length: c_int,
    text: *mut c_char,
) -> c_int {
    hand_on_vfs!(vfs.xGetLastError(length, text))
}
