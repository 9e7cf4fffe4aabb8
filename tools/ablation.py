"""The ablation A to F of the StyleGAN paper: python tools/ablation.py [--rows E F] [--again], see `dflib.studies.ablation`."""
from dflib.studies.ablation import main

if __name__ == "__main__":
    main()
