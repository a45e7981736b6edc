import { signal } from '@preact/signals';
import { render } from 'preact';
import './style.css';

const n = signal(1);
function App() {
  return (
    <button type="button" onClick={() => n.value++}>
      n {n}
    </button>
  );
}
render(<App />, document.getElementById('app')!);
