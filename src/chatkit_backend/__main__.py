"""`python -m chatkit_backend` is `chatkit-backend`."""

from chatkit_backend.cli.main import main

if __name__ == "__main__":
    main()
