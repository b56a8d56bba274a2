//! Makes the symbol table of a Linux executable as short as a backtrace needs it.
//!
//! A backtrace prints the path of a function, without the hash that tells copies of a generic function apart. So the hash goes,
//! copies share one name, and what is not a function has none. The longest names are those of `drop_in_place`, which the
//! compiler makes for each type and which hold the whole type: they become `core::ptr::drop_in_place`. The debug information
//! beside the release keeps every name as it was.

use std::{borrow::Cow, collections::HashMap};

use object::{
    Endianness, SectionIndex,
    elf::{FileHeader64, SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_SYMTAB, STB_LOCAL, STT_FUNC, Sym64},
    pod,
    read::elf::{FileHeader, SectionHeader, SymbolTable},
};

/// What the compiler writes for every type that has something to drop.
const DROP_GLUE: &str = "_ZN4core3ptr13drop_in_placeE";

/// The executable with a short symbol table. What is loaded into memory stays as it is.
///
/// # Errors
/// Why the file cannot be read as a 64-bit ELF file with a symbol table.
pub(crate) fn shorten(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|error| error.to_string())?;
    let endian = header.endian().map_err(|error| error.to_string())?;
    let sections = header
        .sections(endian, bytes)
        .map_err(|error| error.to_string())?;
    let table = sections
        .symbols(endian, bytes, SHT_SYMTAB)
        .map_err(|error| error.to_string())?;
    if table.is_empty() {
        return Err("there is no symbol table".to_owned());
    }
    let short = ShortTable::new(endian, &table)?;

    let loaded = |section: &&_| {
        let section: &object::elf::SectionHeader64<Endianness> = section;
        section.sh_flags(endian).contains(SHF_ALLOC) && section.sh_type(endian) != SHT_NOBITS
    };
    let end = sections
        .iter()
        .filter(loaded)
        .map(|section| section.sh_offset(endian) + section.sh_size(endian))
        .max()
        .unwrap_or_default();
    let mut out = slice(bytes, 0, end)?.to_vec();

    // Behind what is loaded: the other sections in their order, then the table of all sections.
    let mut headers: Vec<_> = sections.iter().copied().collect();
    let mut rest: Vec<SectionIndex> = sections
        .enumerate()
        .filter(|(_, section)| {
            section.sh_type(endian) != SHT_NULL && !section.sh_flags(endian).contains(SHF_ALLOC)
        })
        .map(|(index, _)| index)
        .collect();
    rest.sort_by_key(|index| headers[index.0].sh_offset(endian));
    for index in rest {
        let section = &mut headers[index.0];
        let data = if index == table.section() {
            section.sh_info.set(endian, short.locals);
            pod::bytes_of_slice(&short.symbols)
        } else if index == table.string_section() {
            &short.names
        } else {
            slice(bytes, section.sh_offset(endian), section.sh_size(endian))?
        };
        align(&mut out, section.sh_addralign(endian));
        section.sh_offset.set(endian, out.len() as u64);
        section.sh_size.set(endian, data.len() as u64);
        out.extend_from_slice(data);
    }
    align(&mut out, 8);
    let mut header = *header;
    header.e_shoff.set(endian, out.len() as u64);
    out.extend_from_slice(pod::bytes_of_slice(&headers));
    let header = pod::bytes_of(&header);
    out[..header.len()].copy_from_slice(header);
    Ok(out)
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Result<&[u8], String> {
    let start = usize::try_from(offset).ok();
    let end = usize::try_from(offset.saturating_add(size)).ok();
    let range = start.zip(end).map(|(start, end)| start..end);
    range
        .and_then(|range| bytes.get(range))
        .ok_or_else(|| "a section is not in the file".to_owned())
}

fn align(out: &mut Vec<u8>, alignment: u64) {
    let alignment = usize::try_from(alignment).unwrap_or(1).max(1);
    out.resize(out.len().next_multiple_of(alignment), 0);
}

struct ShortTable {
    symbols: Vec<Sym64<Endianness>>,
    /// How many symbols at its start are local, the empty one included.
    locals: u32,
    names: Vec<u8>,
}

impl ShortTable {
    fn new(
        endian: Endianness,
        table: &SymbolTable<'_, FileHeader64<Endianness>>,
    ) -> Result<Self, String> {
        let mut short = Self {
            symbols: table.symbols().iter().take(1).copied().collect(),
            locals: 1,
            names: vec![0],
        };
        let mut offsets = HashMap::<Cow<'_, str>, usize>::new();
        for symbol in table.iter().filter(|symbol| symbol.st_type() == STT_FUNC) {
            let name = table
                .symbol_name(endian, symbol)
                .map_err(|error| error.to_string())?;
            let name = short_name(str::from_utf8(name).map_err(|error| error.to_string())?);
            let offset = *offsets.entry(name).or_insert_with_key(|name| {
                let offset = short.names.len();
                short.names.extend_from_slice(name.as_bytes());
                short.names.push(0);
                offset
            });
            let mut symbol = *symbol;
            let offset = u32::try_from(offset).map_err(|error| error.to_string())?;
            symbol.st_name.set(endian, offset);
            if symbol.st_bind() == STB_LOCAL {
                short.locals += 1;
            }
            short.symbols.push(symbol);
        }
        Ok(short)
    }
}

/// A mangled name that a backtrace prints as before, but for the types of `drop_in_place`.
fn short_name(name: &str) -> Cow<'_, str> {
    if is_drop_glue(name) {
        return Cow::Borrowed(DROP_GLUE);
    }
    // `_ZN5tokio4task5spawn17h0123456789abcdefE`, possibly with a suffix of the optimizer.
    let hash = name
        .strip_prefix("_ZN")
        .and_then(|path| path.rfind("17h"))
        .map(|start| start + "_ZN".len());
    match hash.map(|start| (&name[..start], &name[start + "17h".len()..])) {
        Some((path, hash))
            if hash.len() > 16
                && hash.as_bytes()[16] == b'E'
                && hash[..16].bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Cow::Owned(format!("{path}{}", &hash[16..]))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Whether it is `core::ptr::drop_in_place` of a type, in the old mangling or in the new one (`v0`).
fn is_drop_glue(name: &str) -> bool {
    if let Some(path) = name.strip_prefix("_ZN4core3ptr") {
        let element = path.trim_start_matches(|c: char| c.is_ascii_digit());
        return element.starts_with("drop_in_place$LT$");
    }
    let path = name
        .strip_prefix("_RINvNtCs")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
    path.is_some_and(|path| path.starts_with("_4core3ptr13drop_in_place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_hash_and_drop_glue_its_type() {
        for (name, short) in [
            (
                "_ZN5tokio4task5spawn17h0123456789abcdefE",
                "_ZN5tokio4task5spawnE",
            ),
            (
                "_ZN5tokio4task5spawn17h0123456789abcdefE.llvm.42",
                "_ZN5tokio4task5spawnE.llvm.42",
            ),
            ("_ZN5tokio4task5spawnE", "_ZN5tokio4task5spawnE"),
            ("_ZN1a17h0123456789abcdeE", "_ZN1a17h0123456789abcdeE"),
            ("_ZN1a17h", "_ZN1a17h"),
            (
                "_ZN4core3ptr68drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE",
                DROP_GLUE,
            ),
            (
                "_RINvNtCs7BliBxkEZsN_4core3ptr13drop_in_placeNtNtCsaz6_5alloc6string6StringEB1j_",
                DROP_GLUE,
            ),
            (
                "_RNvNtCs7BliBxkEZsN_3std9panicking11begin_panic",
                "_RNvNtCs7BliBxkEZsN_3std9panicking11begin_panic",
            ),
            ("memcpy", "memcpy"),
            ("é17h", "é17h"),
        ] {
            assert_eq!(short_name(name), short);
        }
    }

    #[test]
    fn what_is_no_executable_is_an_error() {
        for bytes in [&b""[..], b"MZ", b"\x7fELF\x02\x01\x01"] {
            assert!(shorten(bytes).is_err());
        }
    }

    /// The shortened copy runs, and its backtrace still has names when only the symbol table is left to take them from.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_short_table_still_names_the_calls_of_a_panic() {
        use std::{env, fs, process::Command};

        const CRASH: &str = "TEST_OF_SHORT_SYMBOL_TABLES_CRASHES";

        #[inline(never)]
        fn a_function_with_a_defect() {
            panic!("a defect");
        }

        if env::var_os(CRASH).is_some() {
            a_function_with_a_defect();
        }
        let folder = tempfile::tempdir().expect("a directory");
        let bare = folder.path().join("bare");
        let stripped = Command::new("objcopy")
            .arg("--strip-debug")
            .arg(env::current_exe().expect("a test is a file"))
            .arg(&bare)
            .status()
            .expect("objcopy, which a release needs, can be started");
        assert!(stripped.success());
        let long = fs::read(&bare).expect("readable");
        let short = shorten(&long).expect("a test has a symbol table");
        assert!(short.len() < long.len() * 19 / 20, "{} bytes", short.len());
        assert_eq!(short, shorten(&short).expect("it has one still"));
        fs::write(&bare, short).expect("writable");

        let module = module_path!().split_once("::").map_or("", |(_, rest)| rest);
        let this = format!("{module}::a_short_table_still_names_the_calls_of_a_panic");
        let output = Command::new(&bare)
            .args(["--exact", "--nocapture", &this])
            .env(CRASH, "1")
            .env("RUST_BACKTRACE", "1")
            .output()
            .expect("the copy can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        for call in [
            "symbol_table::tests::a_short_table_still_names_the_calls_of_a_panic::a_function_with_a_defect\n",
            "core::ops::function::FnOnce::call_once\n",
        ] {
            assert!(stderr.contains(call), "{call} is not in {stderr}");
        }
    }
}
