//! Where the host finds this process: a unix socket that only its owner can reach, or a loopback port.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use super::handshake::{Listen, Network, Ports};

/// A bound listener. Connections may already queue; dropping it removes its socket and directory.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: Socket,
    pub(super) address: Address,
    /// Holds the directory of the socket, and removes both when dropped.
    pub(super) directory: Option<tempfile::TempDir>,
}

/// The listening socket itself, in blocking mode.
#[derive(Debug)]
pub(super) enum Socket {
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
    Tcp(TcpListener),
}

/// The address that the host dials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Address {
    /// An absolute path without `|` and line breaks, so that it can stand in the handshake line.
    #[cfg_attr(
        not(unix),
        allow(
            dead_code,
            reason = "the standard library has unix sockets on unix only"
        )
    )]
    Unix(String),
    Tcp(SocketAddr),
}

impl Address {
    /// `unix` or `tcp`.
    pub(super) const fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => f.write_str(path),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// Why nothing could be bound.
#[derive(Debug)]
pub(super) enum BindError {
    /// The host insists on a directory in which no socket can be made.
    #[cfg_attr(
        not(unix),
        allow(
            dead_code,
            reason = "the standard library has unix sockets on unix only"
        )
    )]
    SocketDirectory {
        directory: String,
        source: io::Error,
    },
    /// There is no unix socket, and a port would be open to every user of the machine.
    Unprotected,
    /// No port of the range is free, with the last failure.
    Ports { ports: Ports, source: io::Error },
}

/// What protects a port of the loopback interface, which every user of the machine can reach.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protection {
    /// TLS that accepts the host's certificate only.
    ClientCertificate,
    /// Nothing.
    Nothing,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SocketDirectory { directory, source } => write!(
                f,
                "unable to listen on a unix socket in {directory}, which PLUGIN_UNIX_SOCKET_DIR asks for: {source}"
            ),
            Self::Unprotected => f.write_str(
                "unable to listen on a unix socket, neither in the directory for temporary files (TMPDIR) nor in /tmp; \
                 on a TCP port without a client certificate every user of this machine could use your credentials. \
                 Set TMPDIR to a directory with a short path in which you can write. For a debugger there is -debug-tcp, \
                 and for a host without TLS TF_PLUGIN_NETWORK=tcp",
            ),
            Self::Ports {
                ports: Ports { first, last },
                source,
            } => write!(
                f,
                "unable to listen on any port of 127.0.0.1 from {first} to {last} \
                 (PLUGIN_MIN_PORT to PLUGIN_MAX_PORT): {source}"
            ),
        }
    }
}

/// Binds to the network that was asked for. A unix socket falls back from the temporary directory to `/tmp`, because a path
/// may be too long for a socket address (107 bytes on Linux, 103 on macOS) and a directory may not be writable. It falls
/// back to TCP only if a client certificate protects it; hosts take either network.
pub(super) fn bind(wishes: &Listen, protection: Protection) -> Result<Listener, BindError> {
    match wishes.network {
        #[cfg(unix)]
        Network::Unix => match unix::bind(wishes)? {
            Some(listener) => Ok(listener),
            None => bind_without_socket(wishes.ports, protection),
        },
        #[cfg(not(unix))]
        Network::Unix => bind_without_socket(wishes.ports, protection),
        Network::Tcp => bind_tcp(wishes.ports),
    }
}

fn bind_without_socket(ports: Ports, protection: Protection) -> Result<Listener, BindError> {
    match protection {
        Protection::ClientCertificate => bind_tcp(ports),
        Protection::Nothing => Err(BindError::Unprotected),
    }
}

fn bind_tcp(ports: Ports) -> Result<Listener, BindError> {
    let mut failure = None;
    for port in ports.first..=ports.last {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .and_then(|socket| Ok((socket.local_addr()?, socket)))
        {
            Ok((address, socket)) => {
                return Ok(Listener {
                    socket: Socket::Tcp(socket),
                    address: Address::Tcp(address),
                    directory: None,
                });
            }
            Err(error) => failure = Some(error),
        }
    }
    // The range is never empty, so there is a failure to report.
    let source = failure.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable));
    Err(BindError::Ports { ports, source })
}

#[cfg(unix)]
mod unix {
    //! The unix half.

    use std::{
        fs,
        os::unix::{
            fs::{PermissionsExt, chown},
            net::UnixListener,
        },
        path::{Path, absolute},
    };

    use super::{Address, BindError, Listen, Listener, Socket, io};

    /// `None`: none of the directories that we may choose ourselves will do.
    pub(super) fn bind(wishes: &Listen) -> Result<Option<Listener>, BindError> {
        let group = wishes.socket_group.as_deref();
        if let Some(directory) = &wishes.socket_directory {
            return bind_below(directory, group).map(Some).map_err(|source| {
                BindError::SocketDirectory {
                    directory: directory.display().to_string(),
                    source,
                }
            });
        }
        let candidates = [wishes.temporary_directory.as_path(), Path::new("/tmp")];
        Ok(candidates
            .into_iter()
            .find_map(|directory| bind_below(directory, group).ok()))
    }

    /// Binds in a fresh directory of mode 0700 below `parent`: between bind and chmod of a socket in a shared directory
    /// anyone could connect. With a group, the group may enter the directory and write to the socket, and no more.
    fn bind_below(parent: &Path, group: Option<&str>) -> io::Result<Listener> {
        let parent = absolute(parent)?;
        let directory = tempfile::Builder::new()
            .prefix("plugin")
            .rand_bytes(10)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        let path = directory.path().join("s");
        let text = path
            .to_str()
            .filter(|text| !text.contains(['|', '\n', '\r']))
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "its path cannot stand in a handshake line",
                )
            })?
            .to_owned();
        // The standard library refuses a path that is too long for this platform's socket addresses.
        let socket = UnixListener::bind(&path)?;
        if let Some(group) = group {
            let gid = group_id(group)?;
            chown(&path, None, Some(gid))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o660))?;
            chown(directory.path(), None, Some(gid))?;
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o710))?;
        }
        Ok(Listener {
            socket: Socket::Unix(socket),
            address: Address::Unix(text),
            directory: Some(directory),
        })
    }

    /// A number as it stands, or a name of the group file. Groups of a directory service must be given by number.
    fn group_id(group: &str) -> io::Result<u32> {
        if let Ok(gid) = group.parse() {
            return Ok(gid);
        }
        find_group(&fs::read_to_string("/etc/group")?, group).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("PLUGIN_UNIX_SOCKET_GROUP names {group:?}, which is not in /etc/group; give its number instead"),
            )
        })
    }

    /// Lines are `name:password:gid:members`.
    pub(super) fn find_group(file: &str, group: &str) -> Option<u32> {
        file.lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| {
                if fields.next() == Some(group) {
                    fields.nth(1)?.parse().ok()
                } else {
                    None
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn bind(wishes: &Listen) -> Result<Listener, BindError> {
        super::bind(wishes, Protection::Nothing)
    }

    fn wishes(network: Network, temporary_directory: &Path) -> Listen {
        Listen {
            network,
            socket_directory: None,
            socket_group: None,
            temporary_directory: temporary_directory.to_owned(),
            ports: Ports { first: 0, last: 0 },
        }
    }

    #[test]
    fn tcp_takes_the_first_free_port_of_the_range() {
        let taken = bind(&wishes(Network::Tcp, Path::new("/nowhere"))).expect("any port is free");
        let Address::Tcp(address) = taken.address else {
            panic!("asked for TCP")
        };
        assert!(address.ip().is_loopback());
        let port = address.port();

        let only = |first, last| {
            bind(&Listen {
                ports: Ports { first, last },
                ..wishes(Network::Tcp, Path::new("/"))
            })
        };
        let error = only(port, port).expect_err("is taken").to_string();
        assert!(error.contains(&port.to_string()), "{error}");
        let next = only(port, port.saturating_add(50)).expect("one of the next is free");
        let Address::Tcp(next) = next.address else {
            panic!("asked for TCP")
        };
        assert!(next.port() > port);
    }

    #[test]
    fn tcp_in_place_of_a_socket_needs_a_certificate() {
        let ports = Ports { first: 0, last: 0 };
        let bound = bind_without_socket(ports, Protection::ClientCertificate).expect("binds");
        assert_eq!(bound.address.network(), "tcp");
        let error = bind_without_socket(ports, Protection::Nothing).expect_err("is refused");
        assert!(error.to_string().contains("-debug-tcp"), "{error}");
    }

    #[cfg(unix)]
    mod unix_sockets {
        use std::{
            fs,
            os::unix::{
                fs::{MetadataExt, PermissionsExt},
                net::UnixStream,
            },
            path::PathBuf,
        };

        use super::*;

        fn directory() -> tempfile::TempDir {
            tempfile::tempdir_in("/tmp").expect("a directory")
        }

        fn path(listener: &Listener) -> PathBuf {
            match &listener.address {
                Address::Unix(path) => PathBuf::from(path),
                Address::Tcp(address) => panic!("bound {address}"),
            }
        }

        #[test]
        fn socket_is_in_a_private_directory_and_removed_with_the_listener() {
            let temporary = directory();
            let listener = bind(&wishes(Network::Unix, temporary.path())).expect("binds");
            let socket = path(&listener);
            let parent = socket.parent().expect("has a parent").to_owned();
            assert!(parent.starts_with(temporary.path()));
            assert_eq!(
                fs::metadata(&parent).expect("exists").permissions().mode() & 0o777,
                0o700
            );
            UnixStream::connect(&socket).expect("listens already");
            drop(listener);
            assert!(!parent.exists());
            assert!(temporary.path().exists());
        }

        #[test]
        fn unusable_temporary_directory_is_skipped() {
            let check = |temporary: &Path| {
                let listener = bind(&wishes(Network::Unix, temporary)).expect("binds");
                assert!(
                    path(&listener).to_string_lossy().starts_with("/tmp/plugin"),
                    "{temporary:?} {listener:?}"
                );
            };
            let temporary = directory();
            let deep = temporary.path().join("d".repeat(120));
            fs::create_dir(&deep).expect("is made");
            check(&deep);
            assert_eq!(
                fs::read_dir(&deep).expect("exists").count(),
                0,
                "the failed attempt is removed"
            );
            let bar = temporary.path().join("a|b");
            fs::create_dir(&bar).expect("is made");
            check(&bar);
            check(&temporary.path().join("absent"));
        }

        #[test]
        fn directory_of_the_host_is_the_only_one_tried() {
            let named = directory();
            let mut wishes = wishes(Network::Unix, Path::new("/tmp"));
            wishes.socket_directory = Some(named.path().to_owned());
            let listener = bind(&wishes).expect("binds");
            assert!(path(&listener).starts_with(named.path()));

            wishes.socket_directory = Some(named.path().join("absent"));
            let error = bind(&wishes).expect_err("cannot bind").to_string();
            assert!(
                error.contains("absent") && error.contains("PLUGIN_UNIX_SOCKET_DIR"),
                "{error}"
            );
        }

        #[test]
        fn group_can_enter_and_write() {
            let temporary = directory();
            let own = fs::metadata(temporary.path()).expect("exists").gid();
            let mut wishes = wishes(Network::Unix, temporary.path());
            wishes.socket_directory = Some(temporary.path().to_owned());
            wishes.socket_group = Some(own.to_string());
            let listener = bind(&wishes).expect("binds");
            let socket = path(&listener);
            let mode =
                |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
            assert_eq!(mode(&socket), 0o660);
            assert_eq!(mode(socket.parent().expect("has a parent")), 0o710);

            wishes.socket_group = Some("no such group".to_owned());
            let error = bind(&wishes).expect_err("has no such group").to_string();
            assert!(
                error.contains("no such group") && error.contains("number"),
                "{error}"
            );
        }

        #[test]
        fn groups_are_found_by_name() {
            let file = "root:x:0:\n# a comment\nbroken\nstaff:x:20:me,you\nbad:x:many:\n";
            let check =
                |name, expected| assert_eq!(unix::find_group(file, name), expected, "{name}");
            check("root", Some(0));
            check("staff", Some(20));
            check("me", None);
            check("bad", None);
            check("broken", None);
            check("", None);
        }
    }
}
